"""The commands about workers: rows of orch's table (table.py)."""

from inbox.cli.grammar import KEY, OWN_WORDS, Command, Option, me
from orch.cli.hot_table import ONE_TASK

COMMANDS = (
    Command(
        "work", "orch.cli.agents.work:work",
        "Run agents on the tasks addressed to them; supervise them.",
        (
            me(help="the worker's name; with --count N: NAME-1 to NAME-N"),
            Option("--harness", "text", "claude, codex, …, command, or a client of orch.toml",
                   required=True),
            Option("PROGRAM", "text", "with --harness command: the program and its arguments",
                   dest="program", many=True),
            Option("--pool", "pool", "also take what is addressed to this pool", many=True,
                   dest="pools"),
            Option("--label", "name", "also take what asks for a machine with this label",
                   many=True, dest="labels"),
            Option("--count", "count", "how many workers at once", default=1),
            Option("--slots", "flag", "take the free names NAME-1, NAME-2, …; a question does not "
                   "hold it up"),
            Option("--lifeline", "natural", "end the turns when this pipe closes (for orch drive)"),
            Option("--once", "flag", "work on one task, if there is one, then stop"),
            Option("--until-idle", "flag", "stop as soon as no work is waiting"),
            Option("--for", "duration", "take no new work after this long", dest="for_seconds"),
            Option("--lease-seconds", "lease", "how long a claim lasts without a renewal (900)"),
            Option("--check", "flag", "only see whether the client can start; begin nothing"),
        ),
        "orch work --agent w1 --pool coders --harness claude --until-idle",
        note="Ctrl-C once: finish what is running, begin nothing new. Twice, or SIGTERM: stop the "
        "agents and give their tasks back.",
    ),
    Command(
        "logs", "orch.cli.agents.logs:logs", "Show what a task's agent did, in readable lines.",
        (
            *ONE_TASK,
            Option("--attempt", "count", "which attempt (default: the newest)"),
            Option("--follow", "flag", "keep printing until the agent ends", short="-f"),
            Option("--tail", "count", "how many lines from the end (default 60)"),
            Option("--lines", "count", "the same as --tail"),
            Option("--raw", "flag", "its output as it was printed"),
            Option("--check", "check", "what this check of it printed, instead"),
        ),
        "orch logs docs-1/outline --follow",
    ),
    Command(
        "stop", "orch.cli.agents.work:stop",
        "Stop the agent that works on a task.",
        (*ONE_TASK, Option("--reason", "text", "why", default="stopped by the leader"),
         KEY),
        "orch stop docs-1/outline --reason 'wrong direction'",
        note="It is asked to end, then killed. The task fails and can be continued or retried; its "
        "uncommitted work is kept.",
    ),
    Command(
        "continue", "orch.cli.agents.work:go_on",
        "Let a task's agent continue, with more instructions.",
        (*ONE_TASK, *OWN_WORDS, KEY),
        "orch continue docs-1/outline --body 'Use the second variant.'",
        note="An open attempt continues in its worktree and, where the client can, in its session; "
        "a failed one as a new attempt on top of its commits. A running orch work picks it up.",
    ),
    Command(
        "usage", "orch.cli.agents.work:usage",
        "Show what agents used: turns, seconds, tokens, cost.",
        (*ONE_TASK, Option("--limit", "count", "at most this many turns", default=50)),
        "orch usage --run docs-1",
    ),
)  # fmt: skip
