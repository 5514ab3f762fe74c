"""The row of `notify`."""

from inbox.cli.grammar import Command, Option

COMMANDS = (
    Command(
        "notify", "orch.cli.notices.notify:notify",
        "Tell people what needs them, through the channels of [notify] in orch.toml.",
        (
            Option("--run", "name", "of this run only (else of every open one)"),
            Option("--test", "flag", "send a test by each channel now"),
            Option("--follow", "flag", "tell each need when it comes, until interrupted"),
            Option("--once", "flag", "send what is due now, then end; exit 10 for nothing"),
            Option("--for", "duration", "with --follow: end after this long", dest="seconds"),
        ),
        "orch notify --test",
        "A driver does this by itself. URLs and tokens come from the environment and are never "
        "printed. Each need goes out once per channel, whoever sends it; try the channels first.",
    ),
)  # fmt: skip
