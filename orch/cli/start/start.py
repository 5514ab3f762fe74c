"""start: from plan files, or a task in words, to landed work by one command."""

import os

from orch import run_end
from orch.cli.start import asking, begin, config_offer, given, looks
from orch.cli.start.begin import CHANGED, NEW, OVER, PLANNING, BegunRun
from orch.cli.start.looks import StartOptions
from orch.cli.tasks import runs as run_commands
from orch.operations import driving, runs
from orch.steps.model import say
from orch.store import runs as run_rows
from schema import steps
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, loads, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call
    from orch.drive.background import BackgroundDriver

_MOST_WORKERS = 3


def start(
    call: "Call",
    *,
    words: tuple[str, ...],
    plan: bool,
    run: str | None,
    target: str | None,
    no_drive: bool,
    foreground: bool,
    write_config: bool,
    program: tuple[str, ...],
    **flags: "Any",
) -> None:
    """Open a run, apply its plan, and drive it; the same again goes on with the same run."""
    if foreground and flags["background"]:
        raise invalid_input("--foreground and --background cannot be combined", reason="flag")
    top = looks.top_here()
    asked = given.read(words, top)
    asked.name = run or asked.name
    drives = plan or (not no_drive and flags["workers"] != 0)
    options = StartOptions(
        flags["harness"], program, target, pairs=flags["pairs"], tickets=flags["tickets"],
        drives=drives,
    )  # fmt: skip
    ready = looks.look(call, asked, options)
    config = config_offer.offer(call, ready, wants=write_config)
    run_commands.require_store(call)
    if plan:
        from orch.cli.start import planned

        is_here = foreground or (_has_terminal() and not flags["background"])
        left = None if is_here else planned.in_the_background(
            call, asked, run, ready.harness, program
        )  # fmt: skip
        if left is not None:
            _say_planning(call, *left, ready, config)
            return
        run_id = planned.plan(call, asked, run, ready.harness, program)
        begun = BegunRun(run_id, CHANGED, [])
    else:
        begun = begin.begin(call, asked, top, target)
    answer = _answer(call, begun, ready, config)
    if begun.state == OVER or no_drive or _is_finished(call, begun):
        call.say(merge(answer, drive=None), call.committed)
        return
    if ready.harness:
        _settle_workers(call, begun, ready.harness, program, flags)
    _drive(call, begun, answer, program, flags, foreground=foreground)


def _say_planning(
    call: "Call", run_id: str, process: "BackgroundDriver", ready: looks.Readiness,
    config: "dict[str, object] | None",
) -> None:  # fmt: skip
    """Answer at once that an engineer is at it: an agent's tool call does not last as long."""
    answer = _answer(call, BegunRun(run_id, PLANNING, []), ready, config)
    told = obj(run_ids=[run_id], end="background", pid=process.pid, log_path=process.log,
               status=process.status)  # fmt: skip
    call.say(merge(answer, drive=told), call.committed)


def _is_finished(call: "Call", begun: BegunRun) -> bool:
    """Say whether nothing of a run that was started before is left to do."""
    if begun.state in (NEW, CHANGED):
        return False
    return run_end.of(call.db, begun.run_id).word == "finished"


def _answer(
    call: "Call", begun: BegunRun, ready: looks.Readiness, config: "dict[str, object] | None"
) -> Json:
    with call.db.read() as tx:
        document = run_rows.document(tx, begun.run_id)
    document = run_end.told(call.db, begun.run_id, document)
    return obj(
        run=document,
        state=begun.state,
        changes=array(change.document() for change in begun.changes),
        harness=ready.harness or None,
        config=config,
        warnings=[*ready.warnings, *_warnings(begun, ready)],
        event_id=call.committed,
    )


def _warnings(begun: BegunRun, ready: looks.Readiness) -> list[str]:
    """Return in words which new tasks nobody could judge by what they say."""
    settings = ready.settings
    judged = bool(settings and (settings.drive.get("checks") or settings.queue.checks))
    bare = [
        change.ticket.task_id
        for change in begun.changes
        if change.kind in ("added", "updated")
        and change.ticket.columns["acceptance"] is None
        and not change.ticket.columns["required_checks"]
        and not judged
    ]
    if not bare:
        return []
    names = ", ".join(bare[:5]) + (f" and {len(bare) - 5} more" if len(bare) > 5 else "")
    return [f"no check judges {names}, and nothing says what counts as done: you approve it"]


def _settle_workers(
    call: "Call", begun: BegunRun, harness: str, program: tuple[str, ...],
    flags: "dict[str, Any]",
) -> None:  # fmt: skip
    """Say who works: kept for the run, so that any driver goes on alike; a program is not."""
    with call.db.write() as tx:
        run = runs.require_open(tx, begun.run_id)
        count = loads(run_rows.document(tx, begun.run_id))["counts"]["total"]
        known = driving.settings(tx, begun.run_id)
        before = None if begun.state == NEW else known.get("workers")
        workers = flags["workers"] or before or max(1, min(_MOST_WORKERS, count))
        flags |= {"harness": harness, "workers": workers}
        if program:
            return
        wanted = {"harness": harness, "workers": workers}
        changes = {name: value for name, value in wanted.items() if known.get(name) != value}
        flags |= {"harness": None, "workers": None}
        if changes:
            driving.change_settings(tx, run, changes, (), run.leader)


def _drive(
    call: "Call", begun: BegunRun, answer: Json, program: tuple[str, ...],
    flags: "dict[str, Any]", *, foreground: bool,
) -> None:  # fmt: skip
    """Drive the run here or in the background, unless somebody does; ask for what is approved."""
    from orch.cli.drive import drive

    run_id = begun.run_id
    with call.db.read() as tx:
        other = driving.driver(tx, run_id) if driving.is_alive(tx, run_id) else None
    if other is not None:
        told = obj(run_ids=[run_id], end="background", pid=other, log_path=_log(call, run_id),
                   status=None)  # fmt: skip
        call.say(merge(answer, drive=told), call.committed)
        return
    is_here = foreground or _has_terminal()
    flags["background"] = flags["background"] or not is_here
    has_person = is_here and asking.is_there(call)
    if flags["until"] is None:
        flags["until"] = "blocked" if has_person else "done"
    again = say("drive", run=run_id, harness=flags["harness"], workers=flags["workers"])
    _tell(
        call,
        answer,
        steps.joined((*again.argv, *(("--", *program) if program else ()))),
        is_here=not flags["background"],
    )
    while True:
        call.answer = None
        try:
            drive.begin(call, [run_id], program=program, **flags)
            call.say(merge(answer, drive=call.answer), call.committed)
            return
        except Failure as failure:
            driven = failure.data
            if driven is not None:
                failure.data = merge(answer, drive=Json(driven))
            if not has_person or failure.reason != "needs_people" or driven is None:
                raise
            if {need["kind"] for need in loads(driven)["needs"]} == {"integrate"}:
                call.say(merge(answer, drive=Json(driven)), call.committed)
                return  # All has landed; bringing it on is a step of its own.
            if not _approved(call, run_id):
                raise


def _approved(call: "Call", run_id: str) -> bool:
    """Ask for each approval that is awaited; say whether any was given."""
    from orch.cli.start import approving

    return approving.ask_all(call, run_id)


def _tell(call: "Call", answer: Json, go_on: str, *, is_here: bool) -> None:
    """Tell people what begins, and how it goes on should this be killed."""
    from orch.cli.start import views

    for line in views.lines(loads(answer)) if is_here else ():
        call.note(line)
    call.note(f"killed, it goes on by: {go_on}")


def _log(call: "Call", run_id: str) -> str:
    from orch.drive import background

    return background.log_of(call.db, run_id)


def _has_terminal() -> bool:
    for fd in (0, 1, 2):
        try:
            if os.isatty(fd):
                return True
        except OSError:
            continue
    return False
