"""start --plan: an engineer makes a plan of the words; a person's yes makes tasks of it."""

import os

from inbox.cli import plain
from orch import process_identity
from orch.cli.plans import plans
from orch.cli.requests import requests as commands
from orch.cli.start import asking
from orch.drive import background
from orch.drive.background import BackgroundDriver
from orch.operations import requests
from orch.steps import run as run_steps
from orch.steps.model import say
from orch.store import requests as store
from orch.store import turns
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.cli.start.given import StartInput
    from schema.json_text import Json


def plan(
    call: "Call",
    asked: "StartInput",
    run: str | None,
    harness: str,
    program: "tuple[str, ...]",
) -> str:
    """Have the words planned here, and the plan applied where a person agrees; return the run.

    Killed, the same words go on with the same request. Raises: refused/approval_required with the
    commands that apply the plan where nobody can be asked; invalid_state when there is none.
    """
    if not asked.text:
        raise invalid_input("--plan is for a task in words; a plan needs no engineer")
    name = _request(call, asked)
    with call.db.read() as tx:
        status = requests.require(tx, name).status
    if status not in ("planned", "applied"):
        commands.plan(
            call, request=name, agent=None, harness=harness, program=program, run=run,
            repo_path=None, body=None, allow=(), reason=None, key=None,
        )  # fmt: skip
    planned, call.answer = call.answer, None  # What follows is a start's answer.
    with call.db.read() as tx:
        found = requests.require(tx, name)
        newest = store.newest_plan(tx, found)
    if found.status == "applied":
        return str(found.run_id)
    if found.status != "planned" or newest is None:
        raise Failure(
            "invalid_state", "not_ready", f"request {name} is {found.status}: there is no plan yet",
            next=[say("request show", name)], data=planned,
        )  # fmt: skip
    _agree(call, name, str(found.run_id), newest.text, planned)
    plans.apply(
        call, path=None, request=name, kind=None, run=None, dry_run=False, allow=(), reason=None,
        key=None,
    )  # fmt: skip
    return str(found.run_id)


def in_the_background(
    call: "Call",
    asked: "StartInput",
    run: str | None,
    harness: str,
    program: "tuple[str, ...]",
) -> "tuple[str, BackgroundDriver] | None":
    """Have the words planned by a process that outlives its caller; return (the run, it).

    None where nothing is left to wait for: the plan is there. Raises: what the engineer's client
    is refused with.
    """
    name = _request(call, asked)
    with call.db.read() as tx:
        found = requests.require(tx, name)
        at_work = turns.running_of_run(tx, found.run_id) if found.run_id else []
    if found.status in ("planned", "applied"):
        return None
    log = background.log_of(call.db, found.run_id or name)
    for turn in at_work:
        if not process_identity.is_gone(*turn.runner):
            return str(found.run_id), BackgroundDriver(turn.runner[0], log, None)
    words = ["start", "--plan", "--foreground", "--harness", harness]
    words += ["--run", run] if run else []
    words += [asked.text, *(("--", *program) if program else ())]

    def _is_up(_pid: int) -> bool:
        with call.db.read() as tx:
            return requests.require(tx, name).status == "planning"

    begun = background.start(call.db, found.run_id or name, words, os.getcwd(), _is_up)
    with call.db.read() as tx:
        return str(requests.require(tx, name).run_id), begun


def _request(call: "Call", asked: "StartInput") -> str:
    """Return the request of these words: the one there is, or a new one."""
    name = asked.name
    with call.db.write() as tx:
        known = store.find(tx, name)
        if known is not None and known.title == asked.goal:
            return name
        values: dict[str, object] = {
            "request_id": requests.require_id(name) if known is None else None,
            "title": asked.goal, "body": asked.text, "requester": None,
            "priority": requests.priority_of("normal"), "run_id": None,
        }  # fmt: skip
        call.committed = requests.new(tx, values)
        return str(values["request_id"])


def _agree(call: "Call", name: str, run_id: str, text: str, data: "Json | None") -> None:
    """Raise refused/approval_required unless a person says yes to the plan."""
    apply = run_steps.apply_plan(name)
    if asking.is_there(call):
        for line in plain.visible(text).rstrip("\n").split("\n"):
            asking.show(f"  {line}")
        if asking.agrees("make these the tasks, and begin?"):
            return
    raise Failure(
        "refused", "approval_required", f"the plan of {name} is there: a person applies it",
        next=[apply, say("drive", run=run_id)], data=data,
    )  # fmt: skip
