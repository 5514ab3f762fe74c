"""The commands about driving: rows of orch's table (table.py)."""

from inbox.cli.grammar import KEY, Command, Option
from orch.model import UNTIL

_RUN_NAME = Option("RUN", "name", "the run", dest="run", required=True)

# What `orch drive` and `orch start` take alike; the settings among them are this process's alone.
FLAGS = (
    Option("--until", "choice", "when it ends: blocked, need, done, idle, forever",
           choices=UNTIL),
    Option("--workers", "natural", "how many worker processes to start; 0: others do the work"),
    Option("--harness", "text", "the agent client of its workers"),
    Option("--at-once", "count", "how many tasks at work at once"),
    Option("--jobs", "count", "how many tasks are checked at once", dest="verify_jobs"),
    Option("--set", "text", "KEY=VALUE, a setting of the run, as with orch run set", many=True,
           dest="pairs"),
    Option("--tickets", "text", "a glob of plan files that are applied as they come", many=True),
    Option("--no-land", "flag", "queue and land nothing"),
    Option("--integrate", "text", "bring what landed into this branch"),
    Option("--for", "duration", "end after this long; workers finish their turns",
           dest="for_seconds"),
    Option("--steal", "flag", "take over from a driver that has been silent for a minute"),
    Option("--background", "flag", "run in a session of its own; print its pid and return at once"),
    Option("--follow", "flag", "with --json: a line for each step, then the answer"),
)  # fmt: skip
PROGRAM = Option("PROGRAM", "text", "with --harness command: the program and its arguments",
                 dest="program", many=True)  # fmt: skip

COMMANDS = (
    Command(
        "drive", "orch.cli.drive.drive:drive",
        "Take a run from plan to landed: dispatch, check, retry, land.",
        (
            Option("--run", "name", "the run (default: all open ones)", many=True, dest="runs"),
            *FLAGS,
            Option("--once", "flag", "one pass and its steps, then end"),
            Option("--dry-run", "flag", "print what the next pass would do and change nothing"),
            Option("--explain", "flag", "the last pass: why each task is where it is"),
            Option("--audit", "flag", "all passes: what each knew and decided"),
            Option("--replay", "flag", "decide the recorded passes again and compare"),
            PROGRAM,
        ),
        "orch drive --run docs-1 --harness claude --workers 3 --until done",
        note="Ctrl-C once: begin nothing, let workers end their turns. Twice, or SIGTERM: end the "
        "turns and give their tasks back. Killed in any way, the same command goes on.",
    ),
    Command(
        "run set", "orch.cli.drive.run_settings:change",
        "Set how a run is driven; KEY= without a value takes a setting back.",
        (_RUN_NAME, Option("KEY=VALUE", "text", "settings, named as in [drive] of orch.toml",
                           dest="pairs", many=True, required=True), KEY),
        "orch run set docs-1 at_once=5 retry.crashed=1", person=True,
    ),
    Command("run pause", "orch.cli.drive.run_settings:pause",
            "Pause a run: nothing new begins, what is under way goes on to its end.",
            (_RUN_NAME, KEY), "orch run pause docs-1", person=True),
    Command("run resume", "orch.cli.drive.run_settings:resume",
            "Resume a paused run; a storm of failures before it no longer counts.",
            (_RUN_NAME, KEY), "orch run resume docs-1", person=True),
)  # fmt: skip
