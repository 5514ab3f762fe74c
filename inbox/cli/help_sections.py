"""Sections of a program's --help and of its reference page: which commands stand together.

Named by a string in the table (Program.sections) and loaded for help and `make docs` alone, so
that no other start pays for it. A command without a section fails tests/house/test_tables.py.
"""


class Section:
    """What somebody wants, in a word and a sentence, and the commands for it.

    `words` are first words of commands (`queue` stands for all of the queue), or whole ones.
    """

    __slots__ = ("sentence", "title", "words")

    def __init__(self, title: str, sentence: str, *words: str) -> None:
        self.title = title
        self.sentence = sentence
        self.words = words


class Sections:
    """The order of a help text: what a newcomer needs, then every command by its purpose.

    `groups` has the sentence of each first word that has commands below it.
    """

    __slots__ = ("all", "first", "groups")

    def __init__(self, first: Section, rest: tuple[Section, ...], groups: dict[str, str]) -> None:
        self.first = first
        self.all = rest
        self.groups = groups


SECTIONS = Sections(
    Section(
        "First steps", "the five commands of a piece of work.",
        "send", "claim", "update", "wait-reply", "done",
    ),
    (
        Section("Write", "open a thread for an agent, and answer in it.", "send", "reply"),
        Section(
            "Work", "take a thread under a lease, and bring it to an end.",
            "claim", "renew", "update", "done", "fail", "release",
        ),
        Section("Wait", "sleep until there is something to read.", "wait-reply", "watch"),
        Section(
            "Look", "read what there is; nothing changes but your read cursor.",
            "fetch", "list", "show", "ack", "search", "artifact",
        ),
        Section("Take back", "end what is no longer wanted.", "cancel"),
        Section("Fix", "check the store, and keep a copy of it.", "doctor", "backup"),
        Section(
            "Set up", "make a store, and teach agents and shells to use it.",
            "init", "prime", "hook", "mcp", "schema", "completion",
        ),
    ),
    {"artifact": "List the files that a thread's messages name, and write them out."},
)  # fmt: skip
