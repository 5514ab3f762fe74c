"""Rows of a command table as tools: name, flags as JSON Schema, help as description. Pure.

Guarantees: what a tool accepts is what its command accepts, by the same rules (values.py), since a
call becomes a command line; nothing that streams or reads standard input is offered.
"""

import json
import os

from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from typing import Any

    from inbox.cli.grammar import Command, Option, Program

# Streams, waits for another process, and what would read the protocol's own input.
_LEFT_OUT = ("follow", "foreground", "pid", "body_file", "watch", "program")
_GRAVE = ("cancel", "stop", "cleanup")
_INTEGERS = ("count", "natural", "integer", "event")
_WAIT = "timeout"


class ToolSpec:
    """One command of a program as a tool. `is_look`: it changes nothing but what was read.

    `is_grave`: it is a person's word, or calls work off; a client may ask before it.
    """

    __slots__ = ("_options", "command", "is_grave", "is_look", "name", "program")

    def __init__(self, program: "Program", command: "Command", is_look: bool) -> None:
        self.program = program
        self.command = command
        self.is_look = is_look
        self.is_grave = command.person or command.words in _GRAVE
        self.name = command.words.replace(" ", "_").replace("-", "_")
        self._options = dict(_named(command.options))

    @property
    def description(self) -> str:
        """What it does: the command's help, with its example as a command line."""
        note = f" {self.command.note}" if self.command.note else ""
        return f"{self.command.summary}{note} As a command: {self.command.example}"

    def schema(self, environment: "Mapping[str, str]") -> "dict[str, Any]":
        """Return its arguments as JSON Schema; what the environment says is not required."""
        required = [
            name
            for name, one in self._options.items()
            if one.required and not (one.env and environment.get(one.env))
        ]
        properties = {name: _property(one) for name, one in self._options.items()}
        found: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            found["required"] = required
        return found | {"additionalProperties": False}

    def argv(self, arguments: "Mapping[str, Any]", most_seconds: float) -> list[str]:
        """Return the command line of a call; a wait ends within `most_seconds`.

        Raises: invalid_input for an argument that it does not have, or of another type.
        """
        flags: list[str] = []
        words = self.command.words.split(" ")
        given = {name: value for name, value in arguments.items() if value is not None}
        unknown = sorted(set(given) - set(self._options))
        if unknown:
            known = ", ".join(self._options)
            raise invalid_input(
                f"{self.name} has no argument {', '.join(unknown)}", reason="flag",
                hint=f"it has {known}" if known else "it has none",
            )  # fmt: skip
        for name, option in self._options.items():
            value = given.get(name)
            if option.dest == _WAIT:
                value = _shortened(option, value, most_seconds)
            for text in _texts(name, option, value):
                flags += [text] if not option.flag.startswith("-") else _flag(option, text)
        return [*words, *flags]


def of_program(
    program: "Program", words: "Iterable[str]", looks: "Container[str]"
) -> list[ToolSpec]:
    """Return the tools of some commands, in the order given; `looks` are those that only read."""
    return [ToolSpec(program, program.commands[one], one in looks) for one in words]


def _named(options: "tuple[Option, ...]") -> "list[tuple[str, Option]]":
    """Return the options by the names of arguments; a flag goes before a word of the same name."""
    found: dict[str, Option] = {}
    for option in sorted(options, key=lambda one: not one.flag.startswith("-")):
        name = option.flag.lstrip("-").replace("-", "_").lower()
        if option.dest not in _LEFT_OUT and name not in found:
            found[name] = option
    return [(name, found[name]) for name in found]


def _property(option: "Option") -> "dict[str, Any]":
    kind: dict[str, Any] = {"type": "string"}
    if option.kind == "flag":
        kind = {"type": "boolean"}
    elif option.kind in _INTEGERS:
        kind = {"type": "integer"}
    elif option.kind == "json":
        kind = {"type": "object"}
    elif option.kind == "choice":
        kind = {"type": "string", "enum": list(option.choices)}
    elif option.kind == "choices":
        kind = {"type": "array", "items": {"type": "string", "enum": list(option.choices)}}
    if option.many and option.kind != "choices":
        kind = {"type": "array", "items": kind}
    return kind | {"description": option.help}


def _texts(name: str, option: "Option", value: object) -> list[str]:
    """Return the texts of one argument, as they would be typed; none where it was left out."""
    if value is None or value is False or value == []:
        return []
    if option.kind == "flag":
        if value is not True:
            raise _wrong(name, "true or false")
        return [""]
    if option.kind == "choices" and isinstance(value, list):
        return [",".join(map(str, value))]
    many = value if option.many and isinstance(value, list) else [value]
    return [_text(name, option, one) for one in many]


def _text(name: str, option: "Option", value: object) -> str:
    if option.kind in ("json", "json_any") and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong(name, "an integer" if option.kind in _INTEGERS else "a text")
    if value == "-" and option.kind == "path":
        raise _wrong(name, "a file: standard input belongs to the protocol")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _wrong(name: str, wanted: str) -> Exception:
    return invalid_input(f"{name} wants {wanted}", reason="flag")


def _flag(option: "Option", text: str) -> list[str]:
    return [option.flag] if option.kind == "flag" else [f"{option.flag}={text}"]


def _shortened(option: "Option", value: object, most: float) -> object:
    """Return how long to wait: as asked, but never longer than a call may take."""
    if value is None and option.default is None:
        return None  # Without it the command does not wait.
    from inbox.cli import values

    asked = values.convert(option, str(option.default if value is None else value))
    seconds = float(asked)  # type: ignore[arg-type]
    return min(seconds, most) if seconds else most


def environment() -> "Mapping[str, str]":
    """Return what stands in for arguments: a worker's own names."""
    return os.environ
