"""What orch start makes of its words: ids, titles, and the check that a repository tells of."""

import tomllib
from pathlib import Path

import pytest

from orch.cli.start.given import slug, title_of
from orch.config.schema import OrchToml
from orch.setup import first_config
from schema import ids


@pytest.mark.parametrize(
    ("text", "title", "name"),
    [
        ("Add a --json flag. Print all of it.", "Add a --json flag", "add-a-json-flag"),
        ("Fix v1.2 of the parser\nand more", "Fix v1.2 of the parser", "fix-v1.2-of-the-parser"),
        ("Grüße, Welt!", "Grüße, Welt!", "gr-e-welt"),
        ("Make it fast. " + "x" * 500, "Make it fast", "make-it-fast"),
        ("word " * 100, ("word " * 23)[:-1] + " wor…", "-".join(["word"] * 8)),
        ("a.lock b..c", "a.lock b..c", "a.lock-b.c"),
        ("!!! ???", "!!!", ""),
    ],
)
def test_a_text_has_a_title_and_an_id(text: str, title: str, name: str) -> None:
    assert slug(title_of(text)) == name
    assert title_of(text).startswith(title[:20])
    if name:
        ids.require_name(name, "it")


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pyproject.toml": "[tool.pytest.ini_options]"}, ["python3", "-m", "pytest", "-q"]),
        ({"pyproject.toml": "[project]", "tests/x": ""},
         ["python3", "-m", "unittest", "discover", "-s", "tests"]),
        ({"pyproject.toml": "[project]", "Makefile": "test: all\n\tx"}, ["make", "test"]),
        ({"package.json": '{"scripts": {"test": "vitest"}}'}, ["npm", "test"]),
        ({"package.json": '{"scripts": {"test": "x"}}', "pnpm-lock.yaml": ""}, ["pnpm", "test"]),
        ({"package.json": '{"scripts": {"test": "echo no test specified"}}'}, None),
        ({"package.json": "{broken", "Cargo.toml": ""}, ["cargo", "test"]),
        ({"go.mod": "module x"}, ["go", "test", "./..."]),
        ({"Makefile": "test := 1\n"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_check_is_found_by_the_repositorys_files(
    tmp_path: Path, files: dict[str, str], command: list[str] | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = first_config.find_check(str(tmp_path))
    assert (found.command if found else None) == command
    config = OrchToml.model_validate(tomllib.loads(first_config.text_of(found))).config()
    if command:
        assert config.checks["test"].command == command and config.queue.checks == ["test"]
        assert config.policy is not None and config.policy.approvers["low"] == []
    else:
        assert config.policy is None, "a person approves everything"
