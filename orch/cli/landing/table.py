"""The commands about landing: rows of orch's table (table.py)."""

from inbox.cli.grammar import BODY, KEY, Command, Option
from inbox.model import PRIORITIES

ENTRY_STATUSES = (
    "queued", "building", "testing", "passed", "awaiting_approval", "awaiting_forge",
    "landing", "landed", "verified", "conflict", "failed", "error", "held", "quarantined",
    "cancelled", "superseded", "landed_externally",
)  # fmt: skip
STRATEGIES = ("merge", "squash", "rebase")

_RUN = Option("--run", "name", "the run's id (or name the task R/T)")
_ENTRY = Option("ENTRY", "task", "the entry (ent_5), or its task: run/task or its bare id",
                dest="entry")  # fmt: skip
_TARGET = Option("--target", "text", "the branch that work is to land on")
_REPO = Option("--repo-path", "path", "the repository, where several have such a branch")
_REASON = Option("--reason", "text", "why")
_DRY_RUN = Option("--dry-run", "flag", "print what would be done and change nothing")
_EXPLAIN = Option("--explain", "flag", "say for each entry why it stands where it does")
_JOBS = Option("--jobs", "count", "how many tests at once (else orch.toml's, 1)")
_STEAL = Option("--steal", "flag", "take over from a runner that has been silent for a minute",
                person=True)  # fmt: skip
_AS = Option("--as", "name", "the person who decides; without it, the leader does",
             dest="as_name")  # fmt: skip
_NOTE = Option("--note", "text", "a comment on the decision", default="")
_VERDICT = (_ENTRY, _RUN, _AS, _NOTE, KEY)

COMMANDS = (
    Command(
        "queue add", "orch.cli.landing.entries:add",
        "Put finished work into the queue of its target.",
        (
            Option("TASK", "task", "tasks that are done, as run/task or bare ids",
                   dest="tasks", many=True),
            _RUN,
            Option("--all", "flag", "all finished code tasks of the run that have not landed yet",
                   dest="everything"),
            _TARGET,
            Option("--strategy", "choice", "how it is put on top: merge, squash or rebase",
                   choices=STRATEGIES),
            Option("--priority", "choice", "low, normal or high (else the task's)",
                   choices=PRIORITIES),
            _DRY_RUN,
            KEY,
        ),
        "orch queue add docs-1/outline --target main",
        note="Without --target: the run's, else orch.toml's, else orch-integration/RUN.",
    ),
    Command(
        "queue list", "orch.cli.landing.entries:list_entries",
        "List what is on its way to a target, and what has landed.",
        (_RUN, _TARGET, _REPO,
         Option("--status", "choices", "only these statuses", choices=ENTRY_STATUSES)),
        "orch queue list --run docs-1",
    ),
    Command(
        "queue show", "orch.cli.landing.entries:show",
        "Show an entry with its approvals, trials and conflict.",
        (_ENTRY, _RUN, _EXPLAIN), "orch queue show docs-1/outline --explain",
    ),
    Command(
        "queue run", "orch.cli.landing.run:run",
        "Build, test and land what is queued.",
        (
            _RUN, _TARGET, _REPO,
            Option("--once", "flag", "end after the first landing"),
            Option("--until-empty", "flag", "end when nothing more can be done now (default)"),
            Option("--watch", "flag", "stay, and go on whenever something changes"),
            _JOBS,
            Option("--batch", "count", "at most this many entries in a test (else orch.toml's, 4)"),
            _STEAL, _DRY_RUN, _EXPLAIN, KEY,
        ),
        "orch queue run --run docs-1",
    ),
    Command("queue approve", "orch.cli.landing.approvals:approve",
            "Approve an entry; counts for this head and policy only.", _VERDICT,
            "orch queue approve ent_1 --as ana --note 'read it'", person=True),
    Command("queue reject", "orch.cli.landing.approvals:reject",
            "Reject an entry: it is held until somebody releases it.", _VERDICT,
            "orch queue reject ent_1 --as ana --note 'the title is wrong'", person=True),
    Command(
        "queue hold", "orch.cli.landing.entries:hold",
        "Hold an entry back, or with --target a whole queue.",
        (_ENTRY, _RUN, _TARGET, _REPO, _REASON, KEY), "orch queue hold ent_1 --reason 'freeze'",
    ),
    Command(
        "queue release", "orch.cli.landing.entries:release",
        "Release a held or quarantined entry, or with --target a queue.",
        (_ENTRY, _RUN, _TARGET, _REPO, _REASON, KEY), "orch queue release ent_1", person=True,
    ),
    Command(
        "queue cancel", "orch.cli.landing.entries:cancel",
        "Take an entry out of its queue; its task and its branch stay.",
        (_ENTRY, _RUN, _REASON, KEY), "orch queue cancel ent_1 --reason 'not needed'",
    ),
    Command(
        "queue retry", "orch.cli.landing.entries:retry",
        "Try a stopped entry again; with --rework, as a new attempt.",
        (_ENTRY, _RUN,
         Option("--rework", "flag", "have the task done again, on the target as it is now"),
         Option("--to", "addressee", "with --rework: who does it"), *BODY, KEY),
        "orch queue retry docs-1/outline --rework --body 'Keep both lists.'",
    ),
    Command(
        "queue rollback", "orch.cli.landing.history:rollback",
        "Undo a landing: move the target back, or queue a revert.",
        (_ENTRY, _RUN, _AS, _REASON, _DRY_RUN, KEY), "orch queue rollback docs-1/outline --dry-run",
        person=True,
    ),
    Command(
        "queue audit", "orch.cli.landing.history:audit",
        "Show what each pass saw and decided, newest last.",
        (_RUN, _TARGET, _REPO, Option("--pass", "count", "only this pass", dest="pass_no"),
         Option("--limit", "count", "at most this many", default=50)),
        "orch queue audit --run docs-1",
    ),
    Command(
        "queue replay", "orch.cli.landing.history:replay",
        "Repeat each recorded decision, and check that it comes out the same.",
        (_RUN, _TARGET, _REPO, Option("--pass", "count", "only this pass", dest="pass_no")),
        "orch queue replay",
    ),
    Command(
        "land", "orch.cli.landing.land:land",
        "Land a finished task, or all of a run: queue it, test it, land it.",
        (
            Option("NAME", "task", "the task (R/T), or the run", dest="name"),
            _RUN, _TARGET, _JOBS, KEY,
        ),
        "orch land docs-1/outline",
        note="Work that has landed before is reported as landed; nothing is done twice.",
    ),
    Command(
        "integrate", "orch.cli.landing.run:integrate",
        "Merge a run's landed work into your branch, tested first.",
        (
            Option("--run", "name", "the run's id", required=True),
            Option("--into", "text", "the branch (default: the one checked out)"),
            Option("--repo-path", "path", "the repository (else the run's, else this directory)"),
            _JOBS, _STEAL, _DRY_RUN, KEY,
        ),
        "orch integrate --run docs-1 --into main", person=True,
    ),
    Command("approve", "orch.cli.landing.approvals:approve",
            "Approve a task's work for landing (as queue approve does).", _VERDICT,
            "orch approve docs-1/outline --as ana", person=True),
    Command("reject", "orch.cli.landing.approvals:reject",
            "Reject a task's work for landing (as queue reject does).", _VERDICT,
            "orch reject docs-1/outline --as ana --note 'no tests'", person=True),
)  # fmt: skip
