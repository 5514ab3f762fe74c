"""The commands about workers: rows of orch's table (table.py)."""

from inbox.cli.grammar import BODY, KEY, Command, Option, me
from orch.cli.hot_table import ONE_TASK

COMMANDS = (
    Command(
        "work", "orch.cli.agents.work:work",
        "Start agents on the tasks given to them, and stay with them to the end.",
        (
            me(help="the worker's name; with --count N: NAME-1 to NAME-N"),
            Option("--harness", "text", "which client: claude, codex, …, command, or of orch.toml",
                   required=True),
            Option("PROGRAM", "text", "with --harness command: the program and its arguments",
                   dest="program", many=True),
            Option("--pool", "pool", "also take what is addressed to this pool", many=True,
                   dest="pools"),
            Option("--count", "count", "so many workers at once", default=1),
            Option("--once", "flag", "one task, if there is one, then end"),
            Option("--until-idle", "flag", "end as soon as nothing is waiting"),
            Option("--for", "duration", "begin nothing new after this long", dest="for_seconds"),
            Option("--lease-seconds", "lease", "how long a claim lasts without a renewal (900)"),
            Option("--check", "flag", "only look whether the client can start; nothing is begun"),
        ),
        "orch work --agent w1 --pool coders --harness claude --until-idle",
        note="Ctrl-C once: finish what runs, begin nothing new. Twice, or SIGTERM: end the "
        "agents and give their tasks back.",
    ),
    Command(
        "logs", "orch.cli.agents.logs:logs", "What a task's agent printed.",
        (
            *ONE_TASK,
            Option("--attempt", "count", "of this attempt (default: the newest)"),
            Option("--follow", "flag", "go on until the agent ends", short="-f"),
            Option("--lines", "count", "only the last so many lines", default=60),
        ),
        "orch logs docs-1/outline --follow",
    ),
    Command(
        "stop", "orch.cli.agents.work:stop",
        "End the agent that works on a task: asked, then killed.",
        (*ONE_TASK, Option("--reason", "text", "why", default="stopped by the leader")),
        "orch stop docs-1/outline --reason 'wrong direction'",
        note="The task fails and can be continued or retried; its uncommitted work is kept.",
    ),
    Command(
        "continue", "orch.cli.agents.work:go_on", "Let a task's agent go on, with a word more.",
        (*ONE_TASK, *BODY, KEY),
        "orch continue docs-1/outline --body 'Use the second variant.'",
        note="An open attempt goes on in its worktree and, where the client can, in its session; "
        "a failed one as a new attempt on top of its commits. A running orch work does it.",
    ),
    Command(
        "usage", "orch.cli.agents.work:usage", "What agents took: turns, seconds, tokens, cost.",
        (*ONE_TASK, Option("--limit", "count", "at most so many turns", default=50)),
        "orch usage --run docs-1",
    ),
)  # fmt: skip
