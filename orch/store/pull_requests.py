"""Rows of `pull_request`: what was pushed for an entry, and what the forge said of it last."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Pull(queries.Record):
    """The pull request of an entry. `number` is None until the forge has opened it.

    `pushed` is the commit that the forge's branch holds as far as we know, `commit_id` the one that
    it is to hold; `failure` is what its failed checks printed, or a
    reviewer asked for; `etag` (JSON) all that the last look read; `due_at` (ms) the next look.
    """

    entry_no: int
    branch: str
    commit_id: str
    pushed: str
    number: int | None
    url: str
    state: str
    summary: str
    failure: str
    etag: str
    errors: int
    due_at: int
    created_at: int
    updated_at: int


def find(tx: "ReadTx", entry_no: int) -> Pull | None:
    """Return the pull request of an entry."""
    return Pull.maybe(tx, _SQL["pull_find"], entry_no=entry_no)


def of_queue(tx: "ReadTx", queue_no: int) -> list[Pull]:
    """Return those of a queue's entries that wait for the forge, the longest unseen first."""
    return Pull.many(tx, _SQL["pull_of_queue"], queue_no=queue_no)


def of_branch(tx: "ReadTx", queue_no: int, branch: str) -> Pull | None:
    """Return the newest one of a branch: a later entry of the same task goes on with it."""
    return Pull.maybe(tx, _SQL["pull_of_branch"], queue_no=queue_no, branch=branch)


def intend(tx: "Tx", entry_no: int, branch: str, commit: str, earlier: Pull | None) -> None:
    """Say what is to be pushed for an entry, and forget what was said of an earlier push."""
    tx.execute(
        _SQL["pull_intend"], entry_no=entry_no, branch=branch, commit=commit,
        pushed=earlier.pushed if earlier else "", now=tx.now.wall_ms,
    )  # fmt: skip


def opened(tx: "Tx", entry_no: int, number: int, url: str, due_at: int) -> None:
    """Note that the forge has it, with the commit that was pushed."""
    tx.execute(
        _SQL["pull_opened"], entry_no=entry_no, number=number, url=url, due_at=due_at,
        now=tx.now.wall_ms,
    )  # fmt: skip


def seen(
    tx: "Tx", entry_no: int, *, state: str, summary: str, etag: str, due_at: int, failure: str = ""
) -> None:
    """Note what the forge said; its errors are forgiven."""
    tx.execute(
        _SQL["pull_seen"], entry_no=entry_no, state=state, summary=summary, etag=etag,
        due_at=due_at, failure=failure, now=tx.now.wall_ms,
    )  # fmt: skip


def missed(tx: "Tx", entry_no: int, why: str, due_at: int) -> None:
    """Count a look, or a push, that did not succeed."""
    tx.execute(
        _SQL["pull_missed"], entry_no=entry_no, summary=why, due_at=due_at, now=tx.now.wall_ms
    )
