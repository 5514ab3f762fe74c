"""Rows of `check_result`: append-only, the newest of an attempt and check counting."""

from schema import queries
from schema.json_text import NULL, Json
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Result(Value):
    """One outcome of one check."""

    check: str
    status: str
    source: str
    recorded_by: str
    summary: str = ""
    head_commit: str | None = None
    cache_key: str | None = None
    head: str = ""
    tail: str = ""
    exit_status: int | None = None
    duration_ms: int | None = None


def insert(tx: "Tx", attempt_key: int, result: Result) -> None:
    """Add a result."""
    tx.execute(
        _SQL["check_insert"],
        attempt_key=attempt_key,
        check_name=result.check,
        status=result.status,
        source=result.source,
        head_commit=result.head_commit,
        cache_key=result.cache_key,
        summary=result.summary,
        output_head=result.head,
        output_tail=result.tail,
        exit_status=result.exit_status,
        duration_ms=result.duration_ms,
        recorded_by=result.recorded_by,
    )


def newest_statuses(tx: "ReadTx", task_no: int) -> "list[tuple[str, str | None]]":
    """Return (check, newest status or None) of each required check of the newest attempt."""
    rows = tx.many(_SQL["check_newest"], task_no=task_no)
    return [(row[0], row[1]) for row in rows]


def newest_at(tx: "ReadTx", attempt_key: int, check: str, head: str) -> str:
    """Return the status of an attempt's newest result of a check at a head, "" for none."""
    row = tx.maybe(
        _SQL["check_newest_at"], attempt_key=attempt_key, check_name=check, head_commit=head
    )
    return row[0] if row else ""


def failures(tx: "ReadTx", attempt_key: int) -> "list[tuple[str, str]]":
    """Return (check, output's tail) of what failed in an attempt."""
    return [(row[0], row[1]) for row in tx.many(_SQL["check_failures"], attempt_key=attempt_key)]


def gate(tx: "ReadTx", task_no: int) -> Json:
    """Return the gate of a task with its checks' output as JSON, `null` without required checks."""
    found = tx.value(_SQL["check_gate"], task_no=task_no)
    return Json(found) if found else NULL


def failed_on(tx: "ReadTx", attempt_key: int, check: str, head: str | None) -> bool:
    """Say whether a check failed before on the same head of the same attempt."""
    row = tx.maybe(_SQL["check_failed_on"], attempt_key=attempt_key, check_name=check, head=head)
    return row is not None


class CheckOutput(queries.Record):
    """What a check printed when it last ran: the beginning and the end of it."""

    status: str
    summary: str
    output_head: str
    output_tail: str
    head_commit: str | None


def output(tx: "ReadTx", attempt_key: int, check: str) -> CheckOutput | None:
    """Return what a check of an attempt printed, None when it did not run."""
    return CheckOutput.maybe(tx, _SQL["check_output"], attempt_key=attempt_key, check_name=check)


def names(tx: "ReadTx", attempt_key: int) -> list[str]:
    """Return the checks that ran on an attempt."""
    return [row[0] for row in tx.many(_SQL["check_names"], attempt_key=attempt_key)]
