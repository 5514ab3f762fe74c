"""The glossary has every word that people meet: tables, statuses, nouns of commands, fields."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.cli import shapes as bus
from inbox.machines import THREAD
from orch.cli.main import PROGRAM, schemas
from orch.machines import ENTRY, REQUEST, TASK
from schema.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
# What a row is about stands in its first cell.
WORDS = {
    word
    for row in re.findall(r"^\| (.+?) \|", GLOSSARY, re.M)
    for word in re.findall(r"[\w-]+", row)
}


def test_every_table_has_a_row():
    migrations = (ROOT / "schema" / "migrations").glob("*.sql")
    made = "".join(path.read_text() for path in migrations)
    tables = set(re.findall(r"^CREATE (?:VIRTUAL )?TABLE (\w+)", made, re.M))
    assert len(tables) > 30
    assert not tables - WORDS, f"add a row to docs/glossary.md: {tables - WORDS}"


@pytest.mark.parametrize("machine", [THREAD, TASK, REQUEST, ENTRY], ids=lambda m: m.name)
def test_every_status_has_a_row(machine: Machine):
    statuses = {status for rule in machine.rules for status in (rule.source, rule.target)}
    assert not statuses - WORDS, f"add a row to docs/glossary.md: {statuses - WORDS}"


def test_every_noun_of_a_command_has_a_row():
    # dep, repo and verify are short for a dependency, a repository and its checks.
    assert PROGRAM.groups - WORDS - {"dep", "repo", "verify", "salvage"} == set()


def _fields(schema: object) -> Iterator[str]:
    """Yield the name of every field that a JSON Schema knows."""
    if isinstance(schema, dict):
        found = schema.get("properties")
        yield from found if isinstance(found, dict) else ()
        for value in schema.values():
            yield from _fields(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _fields(value)


def test_every_field_of_an_answer_has_a_row():
    named = WORDS | set(re.findall(r"`(\w+)`", GLOSSARY))
    plain = re.compile(r"_(id|no|at|ms|seconds|path|minutes)$")  # Rows of their own.
    fields = {*_fields(bus.schemas()), *_fields(schemas())}
    assert len(fields) > 400
    missing = {field for field in fields - named if not plain.search(field)}
    unknown = {field for field in missing if not named & _singular(field)}
    assert not unknown, f"add a row to docs/glossary.md: {sorted(unknown)}"


def _singular(field: str) -> set[str]:
    return {field.removesuffix("s"), field.removesuffix("es"), field.removesuffix("ies") + "y"}
