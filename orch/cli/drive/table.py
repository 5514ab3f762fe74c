"""The commands about driving: rows of orch's table (table.py)."""

from inbox.cli.grammar import KEY, Command, Option

_RUN_NAME = Option("RUN", "name", "the run", dest="run", required=True)

COMMANDS = (
    Command(
        "run set", "orch.cli.drive.run_settings:change",
        "Set how a run is driven; an empty value takes a setting back.",
        (_RUN_NAME, Option("KEY=VALUE", "text", "settings, named as in [drive] of orch.toml",
                           dest="pairs", many=True, required=True), KEY),
        "orch run set docs-1 at_once=5 retry.crashed=1", person=True,
    ),
    Command("run pause", "orch.cli.drive.run_settings:pause",
            "Begin nothing new in a run: what is at work ends.",
            (_RUN_NAME, KEY), "orch run pause docs-1", person=True),
    Command("run resume", "orch.cli.drive.run_settings:resume",
            "Let a paused run go on; earlier failures of many at once count no more.",
            (_RUN_NAME, KEY), "orch run resume docs-1", person=True),
)  # fmt: skip
