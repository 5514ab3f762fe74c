"""Brief of an engineer: the request, what a plan is, how to ask and how to deliver."""

from inbox import reporting
from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from orch.store.requests import Request

_LONGEST_EARLIER = 60_000
_PLAN = "$ORCH_OUT/plan.json"
_SCHEMA = say("plan schema").line

_GOOD = """\
What a good plan is:
- Tasks that can be done at the same time by developers who do not talk to each other. Each names
  the files that it may change (allowed_paths); two that may run at once own no file together.
- A task waits for another (dependencies) only where it needs that one's work.
- Each says when it is done (acceptance) and which checks judge it (required_checks).
- Each can be done in an hour or two: say how long in estimate_min."""

_EXAMPLE = """\
{"tasks": [
  {"id": "model", "title": "Store the theme of a user", "priority": 1, "estimate_min": 40,
   "description": "A column with a default, and its migration. Old rows say: as the system.",
   "acceptance": ["old stores open", "the default is `system`"],
   "allowed_paths": ["app/models/**", "migrations/**"], "execution_mode": "code"},
  {"id": "switch", "title": "A switch in the settings", "estimate_min": 60,
   "description": "Three choices, kept at once.", "dependencies": ["model"],
   "acceptance": "it is there after a reload",
   "allowed_paths": ["app/pages/settings/**"], "execution_mode": "code"}
]}"""


def text(request: "Request", run: "Run", schema: str, checks: list[str], earlier: list[str]) -> str:
    """Return the brief of one planning; `earlier` says what came of the ones before."""
    known = ", ".join(checks) if checks else "none: leave required_checks out"
    where = f" The repository: {run.repo_path}." if run.repo_path else ""
    parts = [
        f"Make a plan of this request, and do nothing of it: read, think, deliver a plan.{where}",
        f"Request {request.request_id} of {request.requester}: {request.title}\n"
        + _quoted(request.body),
        _GOOD,
        f"The checks that there are: {known}.",
        "An example:\n" + _EXAMPLE,
        f"Every field, as JSON Schema (also: {_SCHEMA}):\n{schema}",
    ]
    parts += [_cut(words) for words in earlier]
    parts.append(_deliver(run.run_id))
    return "\n\n".join(parts)


def summary(request: "Request", run: "Run") -> str:
    """Return what the task says by itself: all but the schema and the example."""
    return "\n\n".join(
        [
            f"Make a plan of request {request.request_id} of {request.requester}, and do nothing "
            f"of it: {request.title}",
            _quoted(request.body),
            f"The fields of a plan: {_SCHEMA}",
            _deliver(run.run_id),
        ]
    )


def _deliver(run_id: str) -> str:
    check = say("plan check", "FILE", run=run_id).shown(FILE=_PLAN)
    lint = say("plan lint", "FILE", run=run_id).shown(FILE=_PLAN)
    return f"""\
Write the plan to {_PLAN}, and look at it as its reader will:
  {check}
  {lint}
Where the request can be meant in two ways, ask the person:
  {reporting.ASKING}
Deliver it: {reporting.handing_in(_PLAN)}
If it cannot be planned: {reporting.FAIL}.
A plan with problems comes back to you with all of them; a person decides whether it is applied."""


def _quoted(body: str) -> str:
    return "\n".join("| " + line for line in body.split("\n"))


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST_EARLIER else words[:_LONGEST_EARLIER] + "…"
