"""Next steps: a command somebody may run now, typed, and how it is written for a shell.

Pure, no words of its own: each package says its steps by its own table (inbox/steps.py,
orch/steps/). Guarantees: what `command` writes is one line that a shell reads back as `argv`
(tests/unit/test_steps.py); the words that only a person has stand in it as names in capitals.
"""

from schema import ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# The words that only a person has: how they stand in a command, and what is meant.
BLANKS = {
    "TEXT": "your words",
    "WHY": "the reason, in your words",
    "QUESTION": "what you want to know",
    "ANSWER": "your answer",
    "YOU": "your name on the bus",
    "AGENT": "the agent's name",
    "NAME": "a name",
    "ID": "an id of your choice",
    "RUN": "the run's id",
    "R/T": "the task, as run/task",
    "THREAD": "the thread's id",
    "FILE": "a file's path",
    "DIR": "a directory's path",
    "BRANCH": "a branch",
    "URL": "the server's or remote's address",
    "R": "the run's id",
    "H": "the agent client: claude, codex, gemini, …",
    "cost_usd=N,tokens=N,turns=N,attempts=N,hours=N": "those of the limits that you want",
}


class Step:
    """One command that may be given now.

    `kind` is `act` (it moves something) or `look`; `who` is `person`, `driver` or `anyone`; a
    smaller `urgency` comes first; `need_id` names the need it answers, "" for none.
    """

    __slots__ = ("argv", "kind", "need_id", "urgency", "who", "why")

    def __init__(
        self,
        argv: "Iterable[str]",
        kind: str = "act",
        why: str = "",
        who: str = "anyone",
        urgency: int = 0,
        need_id: str = "",
    ) -> None:
        self.argv = tuple(argv)
        self.kind = kind
        self.why = why
        self.who = who
        self.urgency = urgency
        self.need_id = need_id

    def because(self, why: str) -> "Step":
        """Return the same step with its reason, in a few words."""
        return Step(self.argv, self.kind, why, self.who, self.urgency, self.need_id)

    @property
    def line(self) -> str:
        """The command as one line of a shell."""
        return joined(self.argv)

    def shown(self, **words: str) -> str:
        """Return the line with `words` in its blanks as they stand: a shell's `$ORCH_OUT`, too."""
        return " ".join(words.get(word) or quoted(word) for word in self.argv)

    @property
    def blanks(self) -> dict[str, str]:
        """What somebody has to fill in: the word in `argv`, and what it stands for."""
        return {word: BLANKS[word] for word in self.argv if word in BLANKS}

    def document(self, place: "tuple[str, ...]" = ()) -> "dict[str, object]":
        """Return it as the envelope publishes it; `place` are flags that name the store."""
        argv = self.at(place)
        return {
            "argv": list(argv),
            "command": joined(argv),
            "why": self.why,
            "who": self.who,
            "kind": self.kind,
            "blanks": self.blanks,
        }

    def at(self, place: "tuple[str, ...]") -> "tuple[str, ...]":
        """Return its words with `place` behind the program's name, where it is one of ours."""
        ours = self.argv[:1] in (("inbox",), ("orch",))
        if not (ours and place) or place[0] in self.argv:
            return self.argv
        return (*self.argv[:1], *place, *self.argv[1:])


def command(step: Step) -> str:
    """Return a step as one line of a shell."""
    return step.line


def joined(argv: "Iterable[str]") -> str:
    """Return words as a shell takes them: shlex.join without its `re` (5 ms)."""
    return " ".join(map(quoted, argv))


def quoted(text: str) -> str:
    """Return `text` as one word of a shell command."""
    if text and ids.NAME_CHARACTERS.issuperset(text.translate(_HARMLESS)):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


_HARMLESS = {ord(c): None for c in "/=@%+:,"}


def argv_of(
    program: str, words: str, names: "tuple[object, ...]", options: "dict[str, object]"
) -> "tuple[str, ...]":
    """Return a command's words: `dry_run=True` is `--dry-run`, `as_=x` is `--as x`.

    None, False and "" leave an option out; a list repeats it.
    """
    found = [program, *words.split(" "), *map(str, names)]
    for name, value in options.items():
        flag = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False or value == "":
            continue
        if value is True:
            found.append(flag)
        elif isinstance(value, (list, tuple)):
            for one in value:
                found += [flag, str(one)]
        else:
            found += [flag, str(value)]
    return tuple(found)


def read(line: str, kind: str = "act") -> Step:
    """Return a command that was written by `joined` as a step again; no other shell is known."""
    words, word, i = [], "", 0
    while i < len(line):
        draft = line[i]
        i += 1
        if draft == " ":
            words.append(word)
            word = ""
        elif draft in "'\"":
            end = line.index(draft, i)
            word += line[i:end]
            i = end + 1
        else:
            word += draft
    return Step([*words, word], kind)
