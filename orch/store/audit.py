"""Queries of `doctor` about runs: do the kept counters agree with the rows? Reads only.

Each question answers with the first few rows that are wrong, none when all is well.
"""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)

# (what is checked, which query answers with the rows that must not be)
QUESTIONS = (
    ("counters", "audit_unmet"),
    ("counters", "audit_chain"),
    ("tallies", "audit_tally"),
    ("held locks", "audit_lock_of_idle"),
    ("held locks", "audit_lock_not_held"),
    ("attempts", "audit_attempt_numbers"),
    ("attempts", "audit_attempt_of_task"),
    ("attempts", "audit_attempt_of_thread"),
    ("entries", "audit_landed_untested"),
    ("entries", "audit_landing_of_intent"),
    ("entries", "audit_candidate_of_entry"),
    ("entries", "audit_trial_of_checks"),
    ("entries", "audit_trial_incomplete"),
    ("entries", "audit_rolled_back"),
    ("log", "audit_untold"),
)


class WorkLocation(queries.Record):
    """Where an attempt's commits and files are to be found."""

    task: str
    attempt_no: int
    repo_path: str
    branch_name: str
    worktree_path: str
    workspace_status: str
    head_commit: str


def wrong(tx: "ReadTx", question: str) -> list[str]:
    """Return the first few things that are wrong, in words."""
    return [str(row[0]) for row in tx.many(_SQL[question])]


def edges(tx: "ReadTx") -> "list[tuple[int, int]]":
    """Return every dependency as (task number, the number it waits for)."""
    return [(row[0], row[1]) for row in tx.many(_SQL["audit_edges"])]


def moves(tx: "ReadTx") -> set[tuple[str, str]]:
    """Return the moves of a task that the file allows."""
    return {(row[0], row[1]) for row in tx.many(_SQL["audit_moves"])}


def intents(tx: "ReadTx") -> "list[tuple[str, str, tuple[int, int, str]]]":
    """Return (run, run/task, process) of every dispatch under way."""
    rows = tx.many(_SQL["audit_intents"])
    return [(row[0], row[1], (row[2], row[3], row[4])) for row in rows]


def works(tx: "ReadTx") -> list[WorkLocation]:
    """Return every attempt that has a branch."""
    return WorkLocation.many(tx, _SQL["audit_works"])


def kept_paths(tx: "ReadTx") -> list[str]:
    """Return the repositories that hold anything of the store."""
    return [str(row[0]) for row in tx.many(_SQL["audit_kept_paths"])]


def kept_names(tx: "ReadTx") -> set[str]:
    """Return the refs that something in the store is kept by; of some only their beginning."""
    return {str(row[0]) for row in tx.many(_SQL["audit_kept_names"])}


def runs(tx: "ReadTx") -> list[str]:
    """Return the id of every run."""
    return [str(row[0]) for row in tx.many(_SQL["audit_runs"])]


def entry_moves(tx: "ReadTx") -> set[tuple[str, str]]:
    """Return the moves of an entry that the file allows."""
    return {(row[0], row[1]) for row in tx.many(_SQL["audit_entry_moves"])}


def landings(tx: "ReadTx") -> "list[tuple[str, tuple[int, int, str] | None]]":
    """Return (target, the runner's process or None) of every landing under way."""
    rows = tx.many(_SQL["audit_landings"])
    return [(row[0], (row[1], row[2], row[3]) if row[1] is not None else None) for row in rows]


def entry_heads(tx: "ReadTx") -> "list[tuple[str, str, str, str, str]]":
    """Return (entry, repository, head, landed commit or "", target) of entries that count."""
    rows = tx.many(_SQL["audit_entry_heads"])
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def salvages(tx: "ReadTx") -> "list[tuple[str, str, str]]":
    """Return (task, repository, ref) of all that was told to be saved."""
    return [(row[0], row[1], row[2]) for row in tx.many(_SQL["audit_salvages"])]
