"""The commands of a council: rows that orch mounts under `orch council …`.

Adding a command? A row here, a function of that name, its plain view (views.py), its shape
(shapes.py), its place in the help (orch/cli/help_sections.py), a test in tests/contract/,
then `make docs`. Imports no pydantic: parsing does.
"""

from inbox.cli.grammar import KEY, TIMEOUT, Command, Option

GROUP = "council"
_MODES = ("brainstorm", "code-review", "plan-review")
_LEVELS = ("consensus", "majority", "minority")

_RUN = Option("--run", "name", "the council's run", required=True)
_REVISION = Option("--revision", "count", "an older tally (else the newest)")

COMMANDS = (
    Command(
        "council start", "council.cli.starting:start",
        "Ask three reviewers about one target: three analysis tasks in a fresh run.",
        (
            Option("--run", "name", "the id of the run to open (with --task: council-TASK, or the "
                   "next one that is free)"),
            Option("--target", "text", "what is reviewed, in words"),
            Option("--target-file", "path", "read it from a file, or from standard input with -"),
            Option("--target-type", "choice", "what the target is (default mixed: text and the "
                   "repository here)", choices=("text", "repo", "mixed", "task")),
            Option("--mode", "choice", "brainstorm, code-review or plan-review (default "
                   "brainstorm; code-review with --diff or --task)", choices=_MODES),
            Option("--diff", "text", "review the change BASE..HEAD of the repository here"),
            Option("--task", "task", "review the latest attempt of RUN/TASK"),
            Option("--reviewer", "text", "ROLE=AGENT: who takes a role (default: an agent named "
                   "like the role)", many=True, dest="reviewers"),
            Option("--quorum", "count", "how many answers a partial tally needs",
                   default=2),
            Option("--deadline", "duration", "let `council wait` end after this long"),
            Option("--output", "choice", "what plain mode prints of the report (default markdown)",
                   default="markdown",
                   choices=("markdown", "json", "both")),
            Option("--rounds", "choice", "2: each who answered then votes on all findings (default "
                   "1)", choices=("1", "2")),
            Option("--since", "name", "an earlier council: what its leader declined is left out"),
            Option("--only-unanimous", "flag", "the report shows consensus only"),
            Option("--leader", "name", "who asks: opens the threads, answers questions",
                   default="leader"),
            KEY,
        ),
        "orch council start --run review-7 --diff main..topic --deadline 30m",
        "Reviewers are not told each other's threads; nothing enforces that they do not look.",
    ),
    Command(
        "council wait", "council.cli.waiting:wait",
        "Wait until all three reviewers have finished.", (_RUN, TIMEOUT),
        "orch council wait --run review-7 --timeout-seconds 90",
    ),
    Command(
        "council tally", "council.cli.tallying:tally",
        "Group the recommendations by how many reviewers make them.",
        (
            _RUN,
            Option("--similarity", "choice", "normal, or strict: only equal texts",
                   default="normal", choices=("normal", "strict")),
            Option("--partial", "flag", "count those who have answered, once there is a quorum"),
            KEY,
        ),
        "orch council tally --run review-7",
        "A new revision is written only when answers or options changed.",
    ),
    Command(
        "council report", "council.cli.tallying:report",
        "Write the tally as Markdown beside the store, and show it.",
        (
            _RUN,
            Option("--show", "choices", "which groups (default consensus,majority; consensus "
                   "only after --only-unanimous)", choices=_LEVELS),
            Option("--format", "choice", "print exactly this (else what --output chose)",
                   choices=("markdown", "json", "sarif"), dest="form"),
            Option("--out", "path", "write that to a new file too"),
            _REVISION,
            KEY,
        ),
        "orch council report --run review-7 --format sarif --out review.sarif",
    ),
    Command(
        "council decline", "council.cli.declining:decline",
        "Decline a group of the newest tally; councils that come after leave it out.",
        (
            _RUN,
            Option("--group", "text", "the group's number in the report, or its id",
                   required=True),
            Option("--reason", "text", "why", required=True),
            KEY,
        ),
        "orch council decline --run review-7 --group 3 --reason 'generated file'",
        "orch council start --since review-7 … leaves out what says the same again, unless it is "
        "graver.",
        person=True,
    ),
    Command(
        "council show", "council.cli.reading:show",
        "Show a council: what was asked, who answered, its tallies and reports.",
        (_RUN, _REVISION), "orch council show --run review-7",
    ),
    Command("council list", "council.cli.reading:list_councils", "List all councils, newest first.",
            (), "orch council list"),
    Command(
        "review", "council.cli.reviewing:review",
        "Have an agent review a task's change; its verdict counts.",
        (
            Option("TASK", "task", "the task, as run/task or its bare id", dest="task_name"),
            Option("--run", "name", "the run's id (or name the task R/T)"),
            Option("--harness", "text", "claude, codex, …, command, or a client of orch.toml",
                   required=True),
            Option("PROGRAM", "text", "with --harness command: the program and its arguments",
                   dest="program", many=True),
            Option("--as", "name", "the reviewer's name (default: reviewer of this task)",
                   dest="as_name"),
            KEY,
        ),
        "orch review docs-1/outline --harness claude",
        "approve counts as an approval, revise and block as a reject; a crash, an abstention or "
        "an answer that cannot be read is no verdict.",
    ),
)  # fmt: skip
