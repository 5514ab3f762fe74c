"""The generated pages of docs/reference: made from the tables that the programs run on.

`python -m tests.references` (make docs) writes them; tests/house/test_references.py compares.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from inbox.cli import click_app
from inbox.cli.grammar import Command, Option, Program
from inbox.cli.help_sections import Section, Sections
from inbox.cli.table import PROGRAM as INBOX
from inbox.machines import THREAD
from orch.cli.main import PROGRAM as ORCH
from orch.cli.main import schemas
from orch.machines import ENTRY, MACHINE, REQUEST, TASK
from orch.web import openapi
from schema.failures import TABLE
from schema.machine import Machine
from tests.references import example_toml

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
MACHINES = (THREAD, TASK, REQUEST, ENTRY, MACHINE)
_NOTE = "<!-- Made by `make docs`; edit the table in the code, not this page. -->\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        REFERENCE / "inbox.md": commands(INBOX),
        REFERENCE / "orch.md": commands(ORCH),
        REFERENCE / "states.md": states(),
        REFERENCE / "failures.md": failures(),
        REFERENCE / "orch-toml.md": orch_toml(),
        REFERENCE / "openapi.json": api(),
        ROOT / "examples" / "orch.toml": example_toml.text(),
    }


def api() -> str:
    """Return the description of the HTTP API."""
    document = openapi.document(ORCH, schemas())
    parts = document.pop("components")
    lines = [f" {json.dumps(key)}: {_a_line_each(value)}" for key, value in document.items()]
    inner = [f"  {json.dumps(key)}: {_a_line_each(value)}" for key, value in parts.items()]
    components = ",\n".join(inner)
    return "{\n" + ",\n".join([*lines, f' "components": {{\n{components}\n }}']) + "\n}\n"


def _a_line_each(value: object) -> str:
    """Return JSON with a line for each member, so that a change of one is a line of a diff."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    members = (f"   {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
    return "{\n" + ",\n".join(members) + "\n  }"


def commands(program: Program) -> str:
    """Return the reference of a program's commands."""
    parts = [f"# `{program.name}`\n", _NOTE, program.summary + "\n", "Everywhere:\n"]
    parts += [_option(option) for option in program.globals]
    parts.append(
        "\nAnswers with `--json` have the shapes of "
        f"`{program.name} schema COMMAND`; failures those of [failures](failures.md).\n"
        "\nBeside `data` or `error` stands `next`: the commands that come next, most urgent first. "
        "Each has `argv` and the same as one `command` for a shell, `why`, `who` (`person`, "
        "`driver`, `anyone`), `kind` (`act` moves something, `look` does not) and `blanks`: the "
        "words in it that you fill in. "
        "`--get next.0.command` prints the first. In plain mode they go to stderr, a line each "
        "after `next: `; stdout holds the result alone.\n"
    )
    sections = click_app.sections(program)
    parts.append(_heading(sections.first))
    parts += [
        f"- [{program.name} {words}](#{_anchor(program, words)}): {program.commands[words].summary}"
        for words in sections.first.words
    ]
    written: set[str] = set()
    for section in sections.all:
        parts.append("\n" + _heading(section).rstrip())
        parts += _section(program, sections, section, written)
    return "\n".join(parts) + "\n"


def _section(
    program: Program, sections: Sections, section: Section, written: set[str]
) -> Iterator[str]:
    """Yield a section's commands; one that an earlier section has written is linked to."""
    for words in section.words:
        if words in sections.groups:
            yield f"\n### {program.name} {words}\n\n{sections.groups[words]}"
        for command in _below(program, words):
            if command.words in written:
                yield f"\n- [{program.name} {words}](#{_anchor(program, words)}): {command.summary}"
            else:
                yield from _command(program, command)
            written.add(command.words)


def _heading(section: Section) -> str:
    return f"## {section.title}\n\n{section.sentence[0].upper()}{section.sentence[1:]}\n"


def _below(program: Program, words: str) -> list[Command]:
    return [c for w, c in program.commands.items() if w == words or w.startswith(words + " ")]


def _title(program: Program, command: Command) -> str:
    positionals = [o.flag for o in command.options if not o.flag.startswith("-")]
    return " ".join([program.name, command.words, *positionals])


def _anchor(program: Program, words: str) -> str:
    return _title(program, program.commands[words]).lower().replace(" ", "-")


def _command(program: Program, command: Command) -> Iterator[str]:
    level = "####" if " " in command.words else "###"
    yield f"\n{level} {_title(program, command)}\n"
    yield command.summary + (f" {command.note}" if command.note else "") + "\n"
    yield from map(_option, command.options)
    yield f"\n```sh\n{command.example}\n```"


def _option(option: Option) -> str:
    marks = []
    if option.required:
        marks.append("required")
    if option.many:
        marks.append("repeatable")
    if option.choices and option.kind in ("choice", "choices"):
        marks.append("one of " + ", ".join(option.choices))
    if option.env:
        marks.append(f"else `{option.env}`")
    tail = f" ({'; '.join(marks)})" if marks else ""
    return f"- `{option.flag}` {option.help}{tail}"


def states() -> str:
    """Return the tables and pictures of all state machines."""
    parts = ["# States\n", _NOTE]
    parts.append("A trigger in the file refuses every move that is not in these tables.\n")
    for machine in MACHINES:
        parts += _machine(machine)
    return "\n".join(parts)


def _machine(machine: Machine) -> Iterator[str]:
    yield f"## {machine.name.capitalize()}\n"
    yield "| from | event | to | meaning |\n|---|---|---|---|"
    for rule in machine.rules:
        yield f"| {rule.source} | {rule.event} | {rule.target} | {rule.meaning} |"
    yield f"\nFinal: {', '.join(machine.terminal)}.\n" if machine.terminal else ""
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {machine.initial}"
    edges: dict[tuple[str, str], list[str]] = {}
    for rule in machine.rules:
        if rule.source != rule.target:
            edges.setdefault((rule.source, rule.target), []).append(rule.event)
    for (source, target), events in edges.items():
        yield f"    {source} --> {target}: {', '.join(dict.fromkeys(events))}"
    yield "```\n"


def failures() -> str:
    """Return the table of exit codes and reasons."""
    parts = ["# Failures\n", _NOTE]
    parts.append("Exit 0 is done; 128+n is signal n, and a committed change is still reported.\n")
    parts.append(
        "| exit | code | reasons | meaning | retry the same command? |\n|---|---|---|---|---|"
    )
    for code, (status, retry, reasons, meaning) in TABLE.items():
        parts.append(f"| {status} | `{code}` | {', '.join(reasons)} | {meaning} | {retry} |")
    return "\n".join(parts) + "\n"


def orch_toml() -> str:
    """Return every key that orch.toml may have."""
    from orch.config.schema import OrchToml

    schema = OrchToml.model_json_schema(by_alias=True)
    parts = ["# `orch.toml`\n", _NOTE]
    parts.append(
        "At the root of the repository's main checkout. Unknown keys are refused, all problems "
        "at once. What a worker writes into its worktree's copy changes nothing.\n"
    )
    parts += _keys(schema, schema["$defs"], "")
    return "\n".join(parts) + "\n"


def _keys(schema: dict, definitions: dict, prefix: str) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        kind, below = _kind(field, definitions)
        default = (
            f", default `{field['default']}`" if field.get("default") not in (None, {}) else ""
        )
        yield f"- `{prefix}{name}` ({kind}{default}): {field.get('description', '')}"
        if below is not None:
            inner = f"{prefix}{name}.NAME." if kind == "tables by name" else f"{prefix}{name}."
            yield from _keys(below, definitions, inner)


def _kind(field: dict, definitions: dict) -> tuple[str, dict | None]:
    shape, below = example_toml.below(field, definitions)
    if below is not None:
        return {"one": "table", "named": "tables by name", "ordered": "tables in order"}[
            shape
        ], below
    choices = field.get("anyOf", [field])
    kinds = [c["type"] for c in choices if c.get("type") not in (None, "null")]
    return " or ".join(dict.fromkeys(kinds)) or "table", None
