"""The command tables and what they name: functions, parameters, examples, views, shapes, help."""

import importlib
import inspect
import shlex
from functools import cache

import pytest

from inbox.cli import click_app, parse, values, views
from inbox.cli.grammar import Command, Program
from inbox.cli.table import PROGRAM as INBOX
from orch.cli.main import PROGRAM as ORCH
from tests.support.every import every

CASES = [(program, command) for program in (INBOX, ORCH) for command in program.commands.values()]
every_command = every(CASES, [f"{program.name} {command.words}" for program, command in CASES])
GROUPED = {"body_file": "body"} | dict.fromkeys(
    ("artifact", "artifact_kind", "artifact_metadata_json", "artifact_copy"), "artifacts"
)


@every_command
def test_a_command_function_takes_what_its_row_says(program: Program, command: Command):
    module, _, name = command.target.partition(":")
    function = getattr(importlib.import_module(module), name)
    parameters = inspect.signature(function).parameters
    named = {n for n, p in parameters.items() if p.kind == p.KEYWORD_ONLY}
    wanted = {GROUPED.get(option.dest, option.dest) for option in command.options}
    if any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
        assert named <= wanted
    else:
        assert named == wanted
    assert function.__doc__


@every_command
def test_an_example_is_a_command_line_that_the_parser_takes(program: Program, command: Command):
    words = shlex.split(command.example.partition(" > ")[0])
    assert words[0] == program.name
    split = parse.split(program, words[1:])
    assert split is not None
    found, raw = split
    assert found is command
    for option in command.options:
        for text in raw.get(option.dest, []):
            if option.kind not in ("flag", "path"):
                values.convert(option, text)
    assert not any(mark in command.example for mark in ("$(", "`", "<("))


_click = cache(click_app.build)


@every_command
def test_every_command_has_a_view_a_shape_and_help(program: Program, command: Command):
    package = command.target.partition(".")[0]  # Who runs a command also shows it.
    shapes = importlib.import_module(f"{package}.cli.shapes")
    view = views.find(package, command.words)
    if view.__name__ == "_view":  # It stands in a module that is loaded when it is needed.
        held = {
            n: c.cell_contents
            for n, c in zip(view.__code__.co_freevars, view.__closure__, strict=True)
        }
        view = importlib.import_module(f"orch.cli.{held['module']}").VIEWS[held["name"]]
    assert callable(view)
    assert command.words in shapes.schemas()
    group = _click(program)
    for word in command.words.split(" "):
        group = group.commands[word]
    text = group.get_help(click_app.click.Context(group, info_name=command.words))
    assert command.example in text
    for option in command.options:
        assert option.flag in text


@pytest.mark.parametrize("program", [INBOX, ORCH], ids=lambda p: p.name)
def test_kinds_and_words_are_known(program: Program):
    for command in program.commands.values():
        for option in command.options:
            assert option.kind == "flag" or option.kind in values._CONVERTERS
        assert command.summary.endswith(".")


@pytest.mark.parametrize("program", [INBOX, ORCH], ids=lambda p: p.name)
def test_every_command_stands_in_the_help_with_its_sentence(program: Program):
    sections = click_app.sections(program)
    named = [words for section in sections.all for words in section.words]
    firsts = [words for words in named if " " not in words]
    assert sorted(firsts) == sorted({words.partition(" ")[0] for words in program.commands})
    assert sections.groups.keys() == program.groups
    assert len(sections.first.words) == 5
    assert {w for w in (*named, *sections.first.words) if " " in w} <= program.commands.keys()
    for section in (sections.first, *sections.all):
        assert section.sentence.endswith(".")
        assert len(f"{section.title}: {section.sentence}") <= 78
    text = _click(program).get_help(click_app.click.Context(_click(program)))
    shown = " ".join(text.split())
    for words in (*named, *sections.first.words):
        assert sections.groups.get(words, "").rstrip(".") in shown
        assert words in sections.groups or f"{words} {program.commands[words].summary}" in shown


# What no agent may say for a person (docs/guide/policy.md): a whole command, or one option of it.
PERSONS = {
    "approve", "reject", "queue approve", "queue reject", "queue release", "queue rollback",
    "integrate", "pr merge", "verify record", "adopt", "repo accept", "repo moved", "run close",
    "run reopen",
    "run set", "run pause", "run resume", "plan apply", "council decline", "machine lost",
    "store migrate", "store move", "start",
}  # fmt: skip
PERSONS_OPTIONS = {
    "queue retry --force", "retry --force", "queue run --steal", "integrate --steal",
    "cleanup --force", "cleanup --older-than", "run budget --budget",
}  # fmt: skip


def test_persons_words_are_marked_in_the_table():
    """A command of these names that is still to come carries the mark from its first day."""
    marked = {words for words, command in ORCH.commands.items() if command.person}
    assert marked == PERSONS & set(ORCH.commands)
    for words, command in ORCH.commands.items():
        for option in command.options:
            assert option.person == (f"{words} {option.flag}" in PERSONS_OPTIONS), option.flag
    assert ORCH.guard and not any(c.person for c in INBOX.commands.values())
