"""The commands about requests, change requests and budgets: rows of orch's table (table.py)."""

from inbox.cli.grammar import BODY, KEY, Command, Option
from inbox.model import PRIORITIES
from orch.config.model import PLAN_RULES
from orch.model import REQUEST_STATUSES

_REQUEST = Option("REQUEST", "name", "the request's id", dest="request", required=True)
_RUN = Option("--run", "name", "the run it is planned in (default: its own)")

ALLOW = (
    Option("--allow", "choice", "a rule of [plan] that the plan may break", many=True,
           choices=PLAN_RULES),
    Option("--reason", "text", "with --allow: why; it is recorded"),
)  # fmt: skip

COMMANDS = (
    Command(
        "request new", "orch.cli.requests.requests:new", "Record what a person wants done.",
        (
            Option("--title", "text", "one line", required=True),
            *BODY,
            Option("--request", "name", "its id (default: a new one)"),
            Option("--run", "name", "the run it belongs to; without one, planning opens a run"),
            Option("--priority", "choice", "low, normal or high (default normal)",
                   default="normal", choices=PRIORITIES),
            Option("--from", "name", "who asks for it (default: the run's leader)",
                   dest="requester"),
            KEY,
        ),
        "orch request new --title 'Dark mode' --body 'Every page, as the system says.'",
    ),
    Command(
        "request list", "orch.cli.requests.requests:list_requests", "List requests, newest first.",
        (
            Option("--run", "name", "only those of this run"),
            Option("--status", "choices", "only these statuses", choices=REQUEST_STATUSES),
            Option("--limit", "count", "at most this many", default=50),
        ),
        "orch request list --status asked,planned",
    ),
    Command(
        "request show", "orch.cli.requests.requests:show",
        "Show a request, what came of it, and what to do next.", (_REQUEST,),
        "orch request show req_4k7d2m",
    ),
    Command(
        "request plan", "orch.cli.requests.requests:plan",
        "Have an engineer agent turn a request into a plan.",
        (
            _REQUEST,
            Option("--agent", "name", "the engineer; without --harness, it claims its work itself"),
            Option("--harness", "text", "start this client for it, and wait here for its report"),
            Option("PROGRAM", "text", "with --harness command: the program and its arguments",
                   dest="program", many=True),
            _RUN,
            Option("--repo-path", "path", "the repository, where a run is opened for it"),
            *ALLOW,
            *BODY,
            KEY,
        ),
        "orch request plan req_4k7d2m --harness claude",
        note="A plan that breaks a rule goes back to the engineer with every problem, at most "
        "three times. --body adds instructions. A person applies the plan: "
        "orch plan apply --request REQUEST.",
    ),
    Command(
        "submit", "orch.cli.tasks.submit:submit",
        "Hand in a finished change for a task as patches.",
        (
            Option("FILE", "path", "the change request as JSON, or - for standard input",
                   dest="path"),
            Option("--run", "name", "the run of the task (or name it R/T in the document)"),
            Option("--base-ref", "text", "what the patches were made against (else HEAD)"),
            Option("--schema", "flag", "print the JSON Schema of a change request"),
            Option("--dry-run", "flag", "only check it, against the tree it would be applied to"),
            KEY,
        ),
        "orch submit change.json --run docs-1 --dry-run",
        note="No worktree is needed: it becomes one commit on a branch of its own, reported done "
        "by the agent that it names; from there it is an attempt like any other.",
    ),
    Command(
        "run budget", "orch.cli.tasks.budgets:budget", "Show or change what a run may spend.",
        (
            Option("--run", "name", "the run's id", required=True),
            Option("--budget", "text", "e.g. cost_usd=5,tokens=200000,turns=50,attempts=20,"
                   "hours=2; =none removes a limit", many=True, person=True),
            KEY,
        ),
        "orch run budget --run docs-1 --budget cost_usd=10",
    ),
)  # fmt: skip
