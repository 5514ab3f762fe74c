"""The commands of `orch`: the one table behind parsing, help, completion and the reference.

Adding a command? A row here, a function of that name, its plain view (views.py), its shape
(shapes.py), its place in the help (help_sections.py), a test in tests/contract/,
then `make docs`. The hot rows are in hot_table.py.
"""

from inbox.cli.grammar import BODY, KEY, Command, Option
from inbox.model import PRIORITIES
from orch.cli import hot_table
from orch.cli.agents.table import COMMANDS as WORK
from orch.cli.drive.table import COMMANDS as DRIVE
from orch.cli.forge.table import COMMANDS as FORGE
from orch.cli.landing.table import COMMANDS as LANDING
from orch.cli.machines.table import COMMANDS as MACHINES
from orch.cli.notices.table import COMMANDS as NOTICES
from orch.cli.requests.table import ALLOW
from orch.cli.requests.table import COMMANDS as REQUESTS
from orch.cli.setup.table import COMMANDS as SETUP
from orch.cli.start.table import COMMANDS as START
from orch.model import DEFAULT_MAX_ATTEMPTS, KINDS, MODES, OWNERSHIP, RISKS

TASK_STATUSES = (
    "planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
    "cancelled",
)  # fmt: skip

_RUN, _ONE_TASK = hot_table.RUN, hot_table.ONE_TASK
_PAYLOAD, _AFTER = hot_table.PAYLOAD, hot_table.AFTER
_TO = Option("--to", "addressee", "who does it: an agent, or @pool (else the task's default)")
_BASE_REF = Option("--base-ref", "text", "start from this branch, tag or commit (else HEAD)")
_REPO = Option("--repo-path", "path", "the repository (else the run's, else this directory)")
_ROOT = Option("--workspace-root", "path", "where worktrees are made (<repo>/.orch/worktrees)")
_REASON = Option("--reason", "text", "why")
_DRY_RUN = Option("--dry-run", "flag", "print what would be done and change nothing")
_MODE = Option("--execution-mode", "choice", "analysis, or code in a worktree of its own",
               choices=MODES, dest="mode")  # fmt: skip

_PLAN = Option("FILE", "path", "the plan, or - for standard input", dest="path")
_REQUEST = Option("--request", "name", "take the plan that was made of this request")
_FORMAT = Option("--format", "choice", "yaml, toml or json, where the file's name does not say",
                 choices=("yaml", "toml", "json"), dest="kind")  # fmt: skip
_RUN_OF_PLAN = Option("--run", "name", "the run that the plan is for")

_TASK_FIELDS = (
    Option("--title", "text", "one line (default: the task's id)"),
    Option("--summary", "text", "what is to be done", default=None),
    Option("--default-to", "addressee", "who does it when dispatch names nobody"),
    Option("--priority", "choice", "low, normal or high (default normal)", choices=PRIORITIES),
    Option("--acceptance-json", "json_any", "what counts as done, as JSON", dest="acceptance"),
    Option("--spec-file", "path", "a file with the details; its content is copied now"),
    Option("--check-profile", "text", "a profile of checks in orch.toml"),
    Option("--required-check", "check", "a check that must pass", many=True,
           dest="required_checks"),
    Option("--allowed-path", "glob", "files it may change, as a glob", many=True,
           dest="allowed_paths"),
    Option("--blocked-path", "glob", "files it must not change, as a glob", many=True,
           dest="blocked_paths"),
    Option("--metadata-json", "json", "a JSON object for programs", dest="metadata"),
    Option("--lock", "name", "a lock that only one task holds at a time", many=True, dest="locks"),
    Option("--max-attempts", "count",
           f"how often it may be tried without you (default {DEFAULT_MAX_ATTEMPTS})"),
    Option("--risk", "choice", "low, medium or high (default low)", choices=RISKS),
    _MODE,
    Option("--kind", "choice", "feature, bugfix, refactor, docs, test or chore: figures go by it",
           choices=KINDS),
)  # fmt: skip

_COMMANDS = (
    Command(
        "init", "orch.cli.setup.example:init",
        "Create the store here, or name the one already in use.",
        (Option("--example", "flag", "also write an orch.toml and a ticket, where there are none"),
         KEY),
        "orch init --example",
    ),
    Command(
        "run init", "orch.cli.tasks.runs:init", "Open a run: one goal, its tasks, one leader.",
        (
            _RUN,
            Option("--goal", "text", "what the run is to achieve", required=True),
            Option("--summary", "text", "more about it, in a line", default=""),
            Option("--leader", "name", "who leads it: opens its threads and answers in them",
                   default="leader"),
            Option("--repo-path", "path", "the repository its tasks work on"),
            Option("--remote", "text", "the git remote that its machines share, as origin"),
            Option("--base-ref", "text", "where its tasks start, instead of HEAD"),
            Option("--target", "text", "the branch its work is meant for"),
            Option("--ownership", "choice", "allowed paths: enforce, warn or off (default warn)",
                   default="warn", choices=OWNERSHIP),
            Option("--budget", "text", "what it may spend, e.g. cost_usd=5,tokens=200000,hours=2",
                   many=True),
            Option("--set", "text", "KEY=VALUE, how it is driven, as with orch run set", many=True,
                   dest="pairs"),
            KEY,
        ),
        "orch run init --run docs-1 --goal 'One guide out of many notes'",
    ),
    Command("run show", "orch.cli.tasks.runs:show", "Show a run and its progress.", (_RUN,),
            "orch run show --run docs-1"),
    Command("run list", "orch.cli.tasks.runs:list_runs", "List all runs, newest first.", (),
            "orch run list"),
    Command("run close", "orch.cli.tasks.runs:close",
            "Close a run: nothing in it changes until it is reopened.",
            (_RUN, Option("--force", "flag", "even if finished work has not landed yet"), KEY),
            "orch run close --run docs-1", person=True),
    Command("run reopen", "orch.cli.tasks.runs:reopen", "Open a closed run again.", (_RUN, KEY),
            "orch run reopen --run docs-1", person=True),
    Command(
        "task add", "orch.cli.tasks.tasks:add", "Add a task to a run.",
        (
            _RUN,
            Option("--task", "name", "the new task's id", required=True),
            *_TASK_FIELDS,
            Option("--depends-on", "names", "tasks that must be done first", many=True),
            KEY,
        ),
        "orch task add --run docs-1 --task outline --title 'Write the outline' --default-to w1",
    ),
    Command("task show", "orch.cli.tasks.tasks:show", "Show a task with its attempts.", _ONE_TASK,
            "orch task show docs-1/outline"),
    Command(
        "task list", "orch.cli.tasks.tasks:list_tasks", "List the tasks of a run.",
        (_RUN, Option("--status", "choices", "only these statuses", choices=TASK_STATUSES)),
        "orch task list --run docs-1 --status ready,blocked",
    ),
    Command(
        "task edit", "orch.cli.tasks.tasks:edit", "Change a task that no agent is working on.",
        (*_ONE_TASK, *_TASK_FIELDS,
         Option("--not-before", "duration", "do not dispatch it for this long"), KEY),
        "orch task edit --run docs-1 --task outline --priority high",
    ),
    Command(
        "dep add", "orch.cli.tasks.tasks:add_dependency", "Make a task wait for another one.",
        (*_ONE_TASK, Option("--depends-on", "names", "the task to wait for", many=True), KEY),
        "orch dep add --run docs-1 --task chapters --depends-on outline",
    ),
    Command(
        "dep rm", "orch.cli.tasks.tasks:remove_dependency",
        "Stop a task from waiting for another one.",
        (*_ONE_TASK, Option("--depends-on", "names", "the task", many=True), KEY),
        "orch dep rm --run docs-1 --task chapters --depends-on outline",
    ),
    Command("dep list", "orch.cli.tasks.tasks:list_dependencies",
            "Show what a task waits for, and what waits for it.", _ONE_TASK,
            "orch dep list docs-1/chapters"),
    Command("store init", "orch.cli.stores:init",
            "Create the store that --db names: a file, or a schema of a PostgreSQL server.", (KEY,),
            "orch --db postgresql://lead@db.example.org/agents store init"),
    Command("store migrate", "orch.cli.stores:migrate",
            "Upgrade a store on a server while others keep working (a person only).", (KEY,),
            "orch store migrate", person=True),
    Command("store backup", "orch.cli.stores:backup",
            "Write a consistent copy; of a store on a server, one that pg_restore reads.",
            (Option("PATH", "path", "the new file", dest="path"), KEY),
            "orch store backup agents.dump"),
    Command("store move", "orch.cli.stores:move",
            "Move a store from its file to a server (a person only).",
            (Option("URL", "text", "the server's schema: postgresql://…", dest="url"), KEY),
            "orch store move postgresql://lead@db.example.org/agents", person=True),
    Command("lock list", "orch.cli.tasks.locks:list_locks",
            "List the locks of open tasks: who holds each, and who waits.",
            (Option("--run", "name", "only locks that this run's tasks name"),),
            "orch lock list --run docs-1"),
    Command(
        "plan check", "orch.cli.plans.plans:check",
        "List a plan's errors by line; with --run, what it would change.",
        (_PLAN, _REQUEST, _RUN_OF_PLAN, _FORMAT), "orch plan check plan.yaml --run docs-1",
    ),
    Command(
        "plan lint", "orch.cli.plans.plans:lint",
        "Warn about tasks that collide, are too large, or cannot be judged.",
        (_PLAN, _REQUEST, _RUN_OF_PLAN, _FORMAT), "orch plan lint plan.yaml --run docs-1",
    ),
    Command(
        "plan apply", "orch.cli.plans.plans:apply",
        "Add a plan's tasks to a run and update waiting ones, all or nothing.",
        (_PLAN, _REQUEST, _RUN_OF_PLAN, _FORMAT, _DRY_RUN, *ALLOW, KEY),
        "orch plan apply plan.yaml --run docs-1 --dry-run", person=True,
    ),
    Command(
        "plan export", "orch.cli.plans.plans:export",
        "Write a run's tasks, or a request's plan, as a plan file.",
        (Option("FILE", "path", "the new file (else the plan is printed)", dest="path"),
         _REQUEST, _RUN_OF_PLAN, _FORMAT),
        "orch plan export plan.yaml --run docs-1",
    ),
    Command("plan schema", "orch.cli.plans.plans:schema", "Print the JSON Schema of a plan.", (),
            "orch plan schema"),
    *hot_table.COMMANDS,
    Command(
        "dispatch", "orch.cli.tasks.dispatch:dispatch", "Give a ready task to an agent.",
        (
            *_ONE_TASK, _MODE, _TO, _REPO, _BASE_REF, _ROOT, *BODY, KEY,
            Option("--machine", "name", "by a worker on this machine (orch machine list)"),
            Option("--label", "name", "by a worker on a machine with this label"),
            Option("--ready", "flag", "dispatch all that are ready, in order", dest="all_ready"),
            Option("--limit", "count", "with --ready: at most this many"),
            Option("--jobs", "count", "with --ready: worktrees made at once (default 4)"),
            _DRY_RUN,
        ),
        "orch dispatch --run docs-1 --task outline --execution-mode analysis --to w1",
    ),
    Command(
        "retry", "orch.cli.tasks.dispatch:retry", "Try a failed task again.",
        (*_ONE_TASK, _TO, *BODY, KEY, _BASE_REF,
         Option("--force", "flag", "even if its worker is only stale", person=True)),
        "orch retry --run docs-1 --task outline --body 'The file is there now.'",
    ),
    Command(
        "reassign", "orch.cli.tasks.dispatch:reassign",
        "Give a blocked, failed or stale task to another agent.",
        (*_ONE_TASK, Option("--to", "addressee", "who does it now", required=True), _REASON, KEY),
        "orch reassign --run docs-1 --task outline --to w2 --reason 'w1 is gone'",
    ),
    Command(
        "cancel", "orch.cli.leader_loop:cancel", "Cancel a task, or a whole run.",
        (*_ONE_TASK, Option("--reason", "text", "why", default="cancelled"), KEY),
        "orch cancel --run docs-1 --task outline --reason 'out of scope'",
    ),
    Command(
        "adopt", "orch.cli.leader_loop:adopt", "Accept a late report as the task's result.",
        (*_ONE_TASK, Option("--attempt", "count", "the attempt that reported late"), KEY),
        "orch adopt --run docs-1 --task outline --attempt 1", person=True,
    ),
    Command(
        "cleanup", "orch.cli.worktrees.worktrees:cleanup",
        "Remove worktrees whose work is proven safe.",
        (
            *_ONE_TASK,
            Option("--attempt", "count", "only this attempt"),
            Option("--all-completed", "flag", "all tasks of the run that have ended"),
            Option("--force", "flag", "save everything to a salvage ref first, then remove",
                   person=True),
            Option("--older-than", "duration", "instead: logs, spools, queue worktrees and places "
                   "of runs closed so long ago", person=True),
            _DRY_RUN,
            KEY,
        ),
        "orch cleanup --run docs-1 --all-completed --dry-run",
        note="With --older-than 30d, of all closed runs or of --run: rows, commits and refs stay; "
        "--dry-run names each path with its size.",
    ),
    Command(
        "diff", "orch.cli.worktrees.looking:diff",
        "Show what a task changed, from its base to its head.",
        (
            Option("NAME", "task", "the task (R/T), or a run: all of its tasks", dest="name"),
            Option("--run", "name", "the run's id"),
            Option("--attempt", "count", "which attempt (default: the newest)"),
            Option("--stat", "flag", "only the files, with lines added and removed"),
        ),
        "orch diff docs-1/outline --stat",
    ),
    Command(
        "open", "orch.cli.worktrees.looking:open_place",
        "Show where a task's agent works, and how to take up its session.",
        (*_ONE_TASK, Option("--attempt", "count", "which attempt (default: the newest)")),
        "orch open docs-1/outline",
        note="With ORCH_OPEN set to a program, as in ORCH_OPEN=code, that is run on the worktree.",
    ),
    Command("salvage list", "orch.cli.worktrees.worktrees:list_salvages",
            "List the work that cleanup saved.",
            (_RUN, _REPO), "orch salvage list --run docs-1"),
    Command(
        "salvage restore", "orch.cli.worktrees.worktrees:restore_salvage",
        "Restore saved work into a new directory.",
        (*_ONE_TASK, Option("--attempt", "count", "the attempt it was saved from"),
         Option("--out", "path", "the new directory"), _REPO, KEY),
        "orch salvage restore --run docs-1 --task outline --attempt 1 --out ../rescued",
    ),
    Command(
        "repo accept", "orch.cli.worktrees.worktrees:accept_repository",
        "Accept a change of the repository's configuration (a person only).",
        (_RUN, _REPO, KEY), "orch repo accept --run docs-1", person=True,
    ),
    Command(
        "repo moved", "orch.cli.worktrees.worktrees:move_repository",
        "Say where a moved or renamed repository is now (a person only).",
        (Option("--run", "name", "a run in it (else the only repository that is missing)"),
         Option("--repo-path", "path", "where it is now (else this directory)"), KEY),
        "orch repo moved --run docs-1 --repo-path ../docs", person=True,
    ),
    Command(
        "verify run", "orch.cli.tasks.checks:run",
        "Run a task's required checks at its recorded head.",
        (*_ONE_TASK, Option("--check", "check", "only these", many=True, dest="checks"),
         Option("--jobs", "count", "checks at once (default 2)"),
         Option("--again", "flag", "run again what did not pass, on the same head"), KEY),
        "orch verify run --run docs-1 --task outline",
    ),
    Command(
        "verify record", "orch.cli.tasks.checks:record",
        "Record the result of a check that ran elsewhere.",
        (*_ONE_TASK, Option("--check", "check", "the check", required=True),
         Option("--status", "choice", "passed, failed or error", required=True,
                choices=("passed", "failed", "error")),
         Option("--summary", "text", "one line", default=""), *BODY,
         Option("--agent", "name", "who checked (default: the leader)"), KEY),
        "orch verify record --run docs-1 --task outline --check spelling --status passed",
        person=True,
    ),
    Command("verify status", "orch.cli.tasks.checks:status",
            "Show which of a task's required checks have passed.", _ONE_TASK,
            "orch verify status docs-1/outline"),
    Command(
        "events", "orch.cli.tasks.events:events", "Print the events of a run, oldest first.",
        (_RUN, _AFTER, Option("--follow", "flag", "stream them as JSON lines until interrupted"),
         Option("--type", "text", "only these event types, comma-separated", dest="types"),
         Option("--limit", "count", "at most this many", default=200)),
        "orch events --run docs-1 --type task_done,task_failed",
    ),
    Command("trace", "orch.cli.tasks.events:trace",
            "Show a task's history, from its request to its landing.",
            _ONE_TASK, "orch trace docs-1/outline"),
    *DRIVE,
    *START,
    *LANDING,
    *FORGE,
    *WORK,
    *MACHINES,
    *REQUESTS,
    *SETUP,
    *NOTICES,
    Command(
        "doctor", "orch.cli.stores:doctor",
        "Check store, machine, runs and worktrees; change nothing.",
        (Option("--deep", "flag", "also compare counters with rows and look for each commit"),),
        "orch doctor --deep",
    ),
    Command(
        "schema", "orch.cli.stores:schema", "Print the JSON Schema of a command's answer.",
        (Option("COMMAND", "text", "a command; without one, all", dest="name", many=True),),
        "orch schema task show",
    ),
    Command(
        "prime", "orch.cli.primer:prime", "Print what an agent needs to know, in under 700 tokens.",
        (Option("--role", "choice", "leader, worker or reviewer", default="leader",
                choices=("worker", "leader", "reviewer")),),
        "orch prime --role leader",
    ),
    Command(
        "completion", "orch.cli.stores:completion", "Print the completion script of a shell.",
        (Option("SHELL", "choice", "bash, zsh or fish", choices=("bash", "zsh", "fish")),),
        "orch completion bash > ~/.local/share/bash-completion/completions/orch",
    ),
)  # fmt: skip

_HOT = hot_table.PROGRAM
PROGRAM = _HOT.with_commands(_COMMANDS)
