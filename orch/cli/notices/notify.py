"""notify --test, --follow, --once: a driver's notices, without a driver."""

from inbox.cli import kit, plain
from orch import config_in_force
from orch.board.reader import BoardReader
from orch.drive import notices
from orch.pace import Pace
from orch.store import history
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, loads, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call
    from orch.drive.notices import SentNotice

    Answer = dict[str, Any]
_HINT = 'name a channel in orch.toml, e.g. [notify] desktop = true, or webhook_env = "MY_HOOK"'


def notify(
    call: "Call",
    *,
    run: str | None,
    test: bool,
    follow: bool,
    once: bool,
    seconds: float | None,
) -> None:
    """Send a test, what is due, or each need as it comes."""
    kit.require_one(test=test, follow=follow, once=once)
    if seconds is not None and not follow:
        raise invalid_input("--for goes with --follow", reason="flag")
    if test:
        _test(call, run)
    elif once:
        _once(call, run)
    else:
        _follow(call, run, seconds or 0.0)


def _names(call: "Call", run: str | None) -> list[str]:
    if run is not None:
        return [run]
    with call.db.read() as tx:
        return history.list_runs(tx, only_open=True)


def _test(call: "Call", run: str | None) -> None:
    config = notices.of_run(call.db, run) if run is not None else config_in_force.here(call.db)
    if not config.notify.channels:
        raise invalid_input("no channel is configured", reason="file", hint=_HINT)
    found = notices.test(config.notify)
    wrong = [f"{one.channel}: {one.problem}" for one in found if one.problem]
    if wrong:
        raise Failure(
            "invalid_input",
            "value",
            f"{len(found) - len(wrong)} of {many(len(found), 'channel')} took it; "
            + "; ".join(wrong),
            hint="fix it and run the same again",
            details={"channels": [one.channel for one in found], "problems": wrong},
        )
    call.say(obj(sent=array(map(_document, found)), failed=[]))


def _once(call: "Call", run: str | None) -> None:
    found: list[SentNotice] = []
    reader, pace = BoardReader(call.db, run, 1), Pace()
    for name in _names(call, run):
        ways = notices.settle(call.db, name, {}, reader.to_tell, call.note, pace)
        notices.plan(call.db, name, ways)
        notices.send_due(call.db, name, ways, found.append)
    if not found:
        raise Failure("no_matching_work", "empty", "no notice is due")
    sent = [_document(one) for one in found if not one.problem]
    call.say(obj(sent=array(sent), failed=array(_document(one) for one in found if one.problem)))


def _follow(call: "Call", run: str | None, seconds: float) -> None:
    call.resume = call.again("notify --follow" + (f" --run {run}" if run is not None else ""))
    if run is not None:
        notices.of_run(call.db, run)
    reader = BoardReader(call.db, run, 1)

    def _tell(one: "SentNotice") -> None:
        call.stream(_document(one) if call.as_json else line(loads(_document(one))))

    notices.follow(call.db, lambda: _names(call, run), reader.to_tell, seconds, _tell, call.note)


def _document(one: "SentNotice") -> Json:
    notice = one.notice
    return obj(
        channel=one.channel,
        kind=notice.kind,
        run_id=notice.run_id,
        task_id=notice.task_id or None,
        title=notice.title,
        command=notice.command,
        reminder=notice.reminder,
        again=notice.again,
        problem=one.problem or None,
    )


def line(document: "Answer") -> str:
    """Return one notice as a line."""
    channel, title, problem, reminder = plain.values(document, "channel title problem reminder")
    what = f" (reminder {reminder})" if reminder else ""
    return f"{channel}: {title}{what}" + (
        f": not sent: {plain.line(problem, 300)}" if problem else ""
    )


def view(answer: "Answer") -> str:
    """Return what was sent, and what was not."""
    return "\n".join(map(line, [*(answer.get("sent") or ()), *(answer.get("failed") or ())]))


VIEWS = {"notify": view}
