"""Rows of `candidate`, `trial` and `trial_check`: what was built, and how its checks ended."""

import json

from orch.store.checks import Result
from schema import queries
from schema.json_text import Json, array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Built(queries.Record):
    """One step of a chain; a conflict when `commit` is "". `files` and `resolved` are JSON."""

    onto: str
    entry_no: int
    commit: str
    tree: str
    files: str
    resolved: str
    notes: str


def keep_built(
    tx: "Tx",
    queue_no: int,
    onto: str,
    entry_no: int,
    *,
    commit: str = "",
    tree: str = "",
    files: "tuple[str, ...]" = (),
    notes: str = "",
    resolved: "tuple[str, ...]" = (),
) -> None:
    """Keep one step of a chain."""
    tx.execute(
        _SQL["candidate_insert"],
        queue_no=queue_no,
        onto=onto,
        entry_no=entry_no,
        commit_id=commit,
        tree=tree,
        files=array(files),
        notes=notes,
        resolved=array(resolved),
    )


def built(tx: "ReadTx", queue_no: int) -> list[Built]:
    """Return the steps made for a queue's open entries."""
    return Built.many(tx, _SQL["candidate_of_queue"], queue_no=queue_no)


def built_step(tx: "ReadTx", queue_no: int, onto: str, entry_no: int) -> Built | None:
    """Return one step, or None."""
    return Built.maybe(tx, _SQL["candidate_find"], queue_no=queue_no, onto=onto, entry_no=entry_no)


def conflict_of(tx: "ReadTx", queue_no: int, entry_no: int) -> Built | None:
    """Return the newest step of an entry that was a conflict, or None."""
    return Built.maybe(tx, _SQL["candidate_conflict_of"], queue_no=queue_no, entry_no=entry_no)


def made_on(tx: "ReadTx", queue_no: int, entry_no: int, commit: str) -> str:
    """Return the commit that an entry's landed commit was put on, "" when it is not known."""
    row = tx.maybe(
        _SQL["candidate_made_on"], queue_no=queue_no, entry_no=entry_no, commit_id=commit
    )
    return row[0] if row else ""


def was_resolved(tx: "ReadTx", queue_no: int, entry_no: int, commit: str) -> bool:
    """Say whether lines of two sides were brought together mechanically in a candidate."""
    row = tx.maybe(
        _SQL["candidate_resolved"], queue_no=queue_no, entry_no=entry_no, commit_id=commit
    )
    return row is not None


def forget_built(tx: "Tx", queue_no: int, entry_no: int) -> None:
    """Let an entry's steps be made again."""
    tx.execute(_SQL["candidate_forget"], queue_no=queue_no, entry_no=entry_no)


def forget_commits(tx: "Tx", queue_no: int, commits: Json) -> None:
    """Let the steps of open entries that led to these commits (a JSON list) be made again."""
    tx.execute(_SQL["candidate_forget_commits"], queue_no=queue_no, commits=commits)


def begin(
    tx: "Tx",
    queue_no: int,
    fence: int,
    *,
    commit: str,
    tree: str,
    checks: Json,
    purpose: str,
    entries: Json,
) -> int:
    """Write a trial down before its first check starts; return its number."""
    trial_no: int = tx.value(
        _SQL["trial_begin"],
        queue_no=queue_no,
        fence=fence,
        commit_id=commit,
        tree=tree,
        checks=checks,
        purpose=purpose,
        entries=entries,
    )
    return trial_no


def end(tx: "Tx", trial_no: int, status: str, summary: str) -> None:
    """Record how a trial ended."""
    tx.execute(_SQL["trial_end"], trial_no=trial_no, status=status, summary=summary)


def interrupt(tx: "Tx", queue_no: int, fence: int) -> int:
    """End what earlier runners left running; say how many that were."""
    return tx.execute(_SQL["trial_interrupt"], queue_no=queue_no, fence=fence)


def ends(tx: "ReadTx", queue_no: int) -> "list[tuple[str, str, str, int]]":
    """Return (tree, checks as JSON, end, number) of every finished trial, oldest first."""
    rows = tx.many(_SQL["trial_of_queue"], queue_no=queue_no)
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def keep_check(tx: "Tx", trial_no: int, result: Result) -> None:
    """Keep how one check of a trial ended."""
    tx.execute(
        _SQL["trial_check_insert"],
        trial_no=trial_no,
        check_name=result.check,
        cache_key=result.cache_key,
        status=result.status,
        source=result.source,
        summary=result.summary,
        output_head=result.head,
        output_tail=result.tail,
        exit_status=result.exit_status,
        duration_ms=result.duration_ms,
    )


def cached(tx: "ReadTx", cache_key: str) -> "tuple[str, str, str, int | None] | None":
    """Return (status, summary, tail, exit status) of the newest run with this key, anywhere."""
    row = tx.maybe(_SQL["trial_check_cached"], cache_key=cache_key)
    return (row[0], row[1], row[2], row[3]) if row else None


class Conviction(queries.Record):
    """The check that failed because of an entry: its words, and who else was on the chain."""

    check: str
    summary: str
    tail: str
    entries: str

    @property
    def companions(self) -> list[int]:
        """Who else was on the chain."""
        found: list[int] = json.loads(self.entries)[:-1]
        return found


def culprit_check(
    tx: "ReadTx", queue_no: int, entry_no: int, status: str = "failed"
) -> Conviction | None:
    """Return what convicted an entry last (`error`: kept it from being tried), None for nothing."""
    return Conviction.maybe(
        tx, _SQL["trial_failure_of"], queue_no=queue_no, entry_no=entry_no, status=status
    )


def documents(tx: "ReadTx", queue_no: int, entry_no: int | None) -> "list[dict[str, object]]":
    """Return the published shape of a queue's trials, or of those an entry was part of."""
    found: list[dict[str, object]] = []
    for row in tx.many(_SQL["trial_list"], queue_no=queue_no, entry_no=entry_no):
        checks = [
            {
                "check": c[0], "status": c[1], "source": c[2], "summary": c[3],
                "output_tail": c[4], "exit_status": c[5], "duration_ms": c[6],
            }
            for c in tx.many(_SQL["trial_check_list"], trial_no=row[0])
        ]  # fmt: skip
        found.append(
            {
                "trial_no": row[0], "commit": row[1], "tree": row[2], "purpose": row[3],
                "status": row[4], "summary": row[5], "entries": Json(row[6]),
                "started_at": row[7], "ended_at": row[8], "checks": checks,
            }
        )  # fmt: skip
    return found
