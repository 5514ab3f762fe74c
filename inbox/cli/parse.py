"""The small exact parser: argv to a command and its values, without click (37 ms).

It knows exactly the table's words and hands over (returns None) at the first thing it does
not know: help, an unknown flag, a missing value. Then click explains. A property test
feeds both the same argv (tests/properties/test_parsers.py).
"""

import os

from inbox.cli import values
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.grammar import Command, Option, Program

    Raw = dict[str, list[str]]

_TRUE = frozenset(("1", "true", "yes", "on"))


def split(program: "Program", argv: list[str]) -> "tuple[Command, Raw] | None":
    """Return (command, texts by dest), or None where click has to look at it."""
    command: Command | None = None
    words = ""
    known = {option.flag: option for option in program.globals}
    positionals: list[Option] = []
    raw: Raw = {}
    i = 0
    while i < len(argv):
        token = argv[i]
        i += 1
        if token == "--" and command is not None and (behind := last_of(command)) is not None:
            raw[behind.dest] = argv[i:]
            break
        if token.startswith("-") and token != "-":
            flag, equals, value = token.partition("=")
            option = known.get(flag)
            if option is None or not flag.startswith("--"):
                return None
            if option.kind == "flag":
                if equals:
                    return None
                value = "1"
            elif not equals:
                if i >= len(argv):
                    return None
                value = argv[i]
                i += 1
        elif command is None:
            words = f"{words} {token}".strip()
            if words in program.commands:
                command = program.commands[words]
                bare = [o for o in command.options if not o.flag.startswith("-")]
                positionals = [o for o in bare if not o.last]
                known.update({o.flag: o for o in command.options if o.flag.startswith("-")})
            elif words not in program.groups:
                return None
            continue
        elif positionals:
            option, value = positionals[0], token
            if not option.many:
                positionals.pop(0)
        else:
            return None
        raw.setdefault(option.dest, []).append(value)
    return (command, raw) if command is not None else None


def last_of(command: "Command") -> "Option | None":
    """Return the argument of a command that takes what follows `--`."""
    return next((option for option in command.options if option.last), None)


def first_word(program: "Program", argv: list[str]) -> int | None:
    """Return where in argv the command's first word stands, None for none."""
    takes_value = {o.flag for o in program.globals if o.kind != "flag"}
    skip = False
    for i, token in enumerate(argv):
        if skip:
            skip = False
        elif token.startswith("-"):
            skip = token in takes_value
        else:
            return i
    return None


def typed(program: "Program", argv: list[str]) -> tuple[str, str]:
    """Return (the words, the last of them) of the command that somebody tried to type."""
    words = ""
    skip = False
    takes_value = {o.flag for o in program.globals if o.kind != "flag"}
    for token in argv:
        if skip:
            skip = False
        elif token.startswith("-"):
            skip = token in takes_value
        else:
            words = f"{words} {token}".strip()
            if words not in program.groups:
                break
    return words, words.rpartition(" ")[2]


def store_path(raw: "Raw") -> str | None:
    """Return the store that --db or ORCH_DB names, None for discovery. Raises: invalid_input."""
    given = raw["db"][-1] if "db" in raw else os.environ.get("ORCH_DB") or None
    if given == "":
        raise invalid_input("--db is empty", hint="leave it out to use the store that serves here")
    return None if given is None else values.require_text(given, "--db")


def is_json(raw: "Raw") -> bool:
    """Say whether the answer is to be JSON."""
    return "json" in raw or os.environ.get("ORCH_JSON", "") in _TRUE


def bind(command: "Command", raw: "Raw") -> dict[str, object]:
    """Return the values of a command's parameters. Raises: invalid_input.

    Flags beat the environment; BODY and the artifact flags become `body` and `artifacts`.
    """
    bound: dict[str, object] = {}
    for option in command.options:
        bound[option.dest] = _value(option, _texts(option, raw))
    if "body_file" in bound:
        bound["body"] = values.read_body(bound["body"], bound.pop("body_file"))  # type: ignore[arg-type]
    if "artifact" in bound:
        given = [bound.pop(name) for name in _ARTIFACT_NAMES]
        bound["artifacts"] = ()
        if any(given):
            from inbox.cli import files

            bound["artifacts"] = files.describe(*given)  # type: ignore[arg-type]
    # A token from the environment belongs to the environment's thread.
    own = bound.get("thread") == os.environ.get("INBOX_THREAD")
    if "lease" in bound and "lease" not in raw and not own:
        bound["lease"] = None
    return bound


_ARTIFACT_NAMES = ("artifact", "artifact_kind", "artifact_metadata_json", "artifact_copy")


def _texts(option: "Option", raw: "Raw") -> list[str]:
    texts = raw.get(option.dest)
    if texts is None and option.dest == "sender":
        texts = raw.get("agent")
    if texts is None and option.env:
        fallback = os.environ.get(option.env, "")
        texts = [fallback] if fallback else None
    return texts or []


def _value(option: "Option", texts: list[str]) -> object:
    if option.kind == "flag":
        return bool(texts)
    if option.many:
        return tuple(values.convert(option, text) for text in texts)
    if not texts:
        if option.required:
            where = f" (or set {option.env})" if option.env else ""
            failure = invalid_input(f"missing {option.flag}{where}", reason="flag")
            failure.details["flag"] = option.flag
            raise failure
        return option.default
    return values.convert(option, texts[-1])
