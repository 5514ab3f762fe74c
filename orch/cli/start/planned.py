"""start --plan: an engineer makes a plan of the words; a person's yes makes tasks of it."""

from inbox.cli import plain
from orch.cli.plans import plans
from orch.cli.requests import requests as commands
from orch.cli.start import asking
from orch.operations import requests
from orch.steps.model import say
from orch.store import requests as store
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.cli.start.given import StartInput


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
    with call.db.read() as tx:
        found = requests.require(tx, name)
        newest = store.newest_plan(tx, found)
    if found.status == "applied":
        return str(found.run_id)
    if found.status != "planned" or newest is None:
        raise Failure(
            "invalid_state", "not_ready", f"request {name} is {found.status}: there is no plan yet",
            next=[say("request show", name)], data=call.answer,
        )  # fmt: skip
    _agree(call, name, str(found.run_id), newest.text)
    plans.apply(
        call, path=None, request=name, kind=None, run=None, dry_run=False, allow=(), reason=None,
        key=None,
    )  # fmt: skip
    return str(found.run_id)


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


def _agree(call: "Call", name: str, run_id: str, text: str) -> None:
    """Raise refused/approval_required unless a person says yes to the plan."""
    apply = say("plan apply", request=name)
    if asking.is_there(call):
        for line in plain.visible(text).rstrip("\n").split("\n"):
            asking.show(f"  {line}")
        if asking.agrees("make these the tasks, and begin?"):
            return
    raise Failure(
        "refused", "approval_required", f"the plan of {name} is there: a person applies it",
        next=[apply, say("drive", run=run_id)], data=call.answer,
    )  # fmt: skip
