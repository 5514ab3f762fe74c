"""run set, pause, resume: what is said about a run's drive, and every driver obeys."""

from orch.operations import driving, runs
from orch.store import drives
from orch.store import runs as run_rows
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from inbox.cli.call import Call
    from orch.model import Run
    from schema.transaction import Tx


def change(call: "Call", *, run: str, pairs: tuple[str, ...], key: str | None) -> None:
    """Set what is named for this run alone; a number or a switch without a value is taken back."""
    changes, taken_back = read(pairs)
    _say(
        call,
        run,
        lambda tx, found: driving.change_settings(tx, found, changes, taken_back, found.leader),
    )


def read(pairs: "Iterable[str]") -> "tuple[dict[str, Any], tuple[str, ...]]":
    """Return (what `KEY=VALUE` words set, the names of those that take something back).

    Raises: invalid_input naming every problem.
    """
    from orch.config import drive_schema

    words = list(pairs)
    taken_back = [pair[:-1] for pair in words if pair.endswith("=")]
    known = [name for name in taken_back if name in drive_schema.SETTINGS]
    changes = drive_schema.parsed(p for p in words if not (p.endswith("=") and p[:-1] in known))
    return changes, tuple(known)


def pause(call: "Call", *, run: str, key: str | None) -> None:
    """Let nothing new begin."""
    _say(call, run, lambda tx, found: driving.pause(tx, found, found.leader))


def resume(call: "Call", *, run: str, key: str | None) -> None:
    """Let the run go on."""
    _say(call, run, lambda tx, found: driving.resume(tx, found, found.leader))


def _say(call: "Call", run: str, step: "Callable[[Tx, Run], int]") -> None:
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            runs.refuse_closed(found)
            call.committed = step(tx, found)
            return obj(
                run=run_rows.document(tx, run),
                drive=drives.document(tx, run),
                event_id=call.committed,
            )

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)
