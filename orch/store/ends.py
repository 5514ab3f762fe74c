"""Unlanded work of a run: done and brought to its target by no queue; and what was brought."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Unlanded(queries.Record):
    """A done code task of which no entry landed; `entry` is the status of its newest one."""

    task_id: str
    repo_path: str
    head_commit: str | None
    is_uncommitted: bool
    entry: str | None


class Landed(queries.Record):
    """A branch that holds work of the run; `brought`: it was integrated since."""

    repo_path: str
    target: str
    commit: str
    brought: bool


def unlanded(tx: "ReadTx", run_id: str) -> list[Unlanded]:
    """Return the done code tasks whose newest attempt has something to land that never did."""
    return Unlanded.many(tx, _SQL["end_unlanded"], run_id=run_id)


def landed(tx: "ReadTx", run_id: str) -> list[Landed]:
    """Return the branches that a queue brought work of the run to."""
    return Landed.many(tx, _SQL["end_landed"], run_id=run_id)


def open_entries(tx: "ReadTx", run_id: str) -> list[int]:
    """Return the numbers of the run's entries that are not over."""
    return [row[0] for row in tx.many(_SQL["end_open_entries"], run_id=run_id)]


def proof_seen(tx: "ReadTx", commit: str, tip: str) -> str | None:
    """Return the proof by which `tip` holds a commit's work, "" for none; None: not asked yet."""
    row = tx.maybe(_SQL["integration_find"], commit_id=commit, tip=tip)
    return row[0] if row else None


def remember_proof(tx: "Tx", commit: str, tip: str, proof: str) -> None:
    """Remember what git said about a commit and the tip of a branch."""
    tx.execute(_SQL["integration_insert"], commit_id=commit, tip=tip, proof=proof)
