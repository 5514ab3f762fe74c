"""The vocabulary of the command tables: Option, Command, and the groups shared by commands.

One declarative table per program (inbox/cli/table.py, orch/cli/table.py) feeds both the small
exact parser (parse.py) and click (click_app.py): one definition, one behaviour.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Option:
    """One flag, or one positional argument when `flag` has no dashes.

    `kind` names how its text becomes a value (values.py); `env` where a worker's environment
    stands in for it; `many` makes it repeatable; `short` is a second name (`-f`), click's alone;
    `last` (an argument) takes what follows `--`.
    `person`: with it the command is a person's word (Program.guard). `asks`: on a terminal it is
    asked for when it is left out; the name of its blank (schema/steps.py).
    """

    __slots__ = (
        "asks", "choices", "default", "dest", "env", "flag", "help", "kind", "last", "many",
        "person",
        "required", "short",
    )  # fmt: skip

    def __init__(
        self,
        flag: str,
        kind: str,
        help: str,
        *,
        dest: str = "",
        default: object = None,
        required: bool = False,
        many: bool = False,
        env: str = "",
        choices: tuple[str, ...] = (),
        short: str = "",
        person: bool = False,
        asks: str = "",
        last: bool = False,
    ) -> None:
        self.asks = asks
        self.flag = flag
        self.last = last
        self.short = short
        self.kind = kind
        self.help = help
        self.dest = dest or flag.lstrip("-").replace("-", "_").lower()
        self.default = default
        self.required = required
        self.many = many
        self.env = env
        self.choices = choices
        self.person = person


class Command:
    """One command: its words, what runs it (`module:function`), its options, its help.

    `person`: it is a person's word, which no agent can say for one (Program.guard).
    """

    __slots__ = ("example", "note", "options", "person", "summary", "target", "words")

    def __init__(
        self,
        words: str,
        target: str,
        summary: str,
        options: tuple[Option, ...],
        example: str,
        note: str = "",
        person: bool = False,
    ) -> None:
        self.person = person
        self.words = words
        self.target = target
        self.summary = summary
        self.options = options
        self.example = example
        self.note = note


class Program:
    """A console script: its commands by their words, and its global options.

    `guard` (`module:function`) is asked before a command that is a person's word; `aliases`
    (likewise) turns words of other tools into ours; `completes` holds, by flag, what knows more
    (likewise) of a flag that is missing;
    `sections` (`module:name`) is the order of its help (help_sections.py).
    """

    __slots__ = (
        "aliases", "commands", "completes", "globals", "groups", "guard", "name", "sections",
        "summary",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        summary: str,
        commands: tuple[Command, ...],
        options: tuple[Option, ...],
        *,
        sections: str,
        guard: str = "",
        aliases: str = "",
        completes: "Mapping[str, str] | None" = None,
    ) -> None:
        self.guard = guard
        self.completes = completes or {}
        self.aliases = aliases
        self.sections = sections
        self.name = name
        self.summary = summary
        self.commands = {command.words: command for command in commands}
        self.groups = {words.partition(" ")[0] for words in self.commands if " " in words}
        self.globals = options

    def with_commands(self, commands: tuple[Command, ...]) -> "Program":
        """Return the same program with these commands."""
        return Program(
            self.name,
            self.summary,
            commands,
            self.globals,
            sections=self.sections,
            guard=self.guard,
            aliases=self.aliases,
            completes=self.completes,
        )


STATUSES = ("pending", "claimed", "in_progress", "blocked", "done", "failed", "cancelled")

DB = Option("--db", "path", "the store's file (else ORCH_DB, else discovery)", env="ORCH_DB")
JSON = Option("--json", "flag", "answer with exactly one JSON document")
GET = Option("--get", "text", "print one value of the answer, e.g. data.thread.thread_id")
AGENT = Option("--agent", "name", "who you are, where a command has no --agent or --from")

KEY = Option("--key", "key", "run it once: the same key again gives the stored answer")
BODY = (
    Option("--body", "text", "the text"),
    Option("--body-file", "path", "read the text from a file, or from standard input with -"),
)
# A text without which the command is nothing.
OWN_WORDS = (Option("--body", "text", "the text", asks="TEXT"), BODY[1])
ARTIFACTS = (
    Option("--artifact", "text", "name a file that belongs to the message", many=True),
    Option("--artifact-kind", "text", "its kind, once for all or once each", many=True),
    Option("--artifact-metadata-json", "text", "a JSON object about it, once or each", many=True),
    Option("--artifact-copy", "flag", "keep the file's bytes beside the store"),
)
PAYLOAD = Option("--payload-json", "json", "a JSON object for programs to read", dest="payload")
LEASE = Option(
    "--lease", "token", "your lease token: fences you off after any newer claim", env="INBOX_LEASE"
)
TIMEOUT = Option(
    "--timeout-seconds",
    "duration",
    "give up after this long: 90, 90s, 15m, 2h; 0 = never",
    dest="timeout",
    default=100.0,
)

CALL_SECONDS = Option(
    "--call-seconds",
    "duration",
    "no call waits longer: your client's limit (default 45)",
    dest="seconds",
)


def me(
    flag: str = "--agent",
    help: str = "who you are",
    *,
    required: bool = True,
    dest: str = "agent",
) -> Option:
    """Return the option that says who acts."""
    return Option(flag, "name", help, dest=dest, required=required, env="INBOX_AGENT")


def thread(*, required: bool = True) -> Option:
    """Return the option that names the thread a worker was started for."""
    return Option("--thread", "thread", "the thread's id", required=required, env="INBOX_THREAD")
