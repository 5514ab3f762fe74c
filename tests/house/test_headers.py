"""Headers of modules: a noun phrase that a search would find, in one line."""

import ast
from pathlib import Path

import pytest

from tests.house.test_circles import modules

# What opens a question or a sentence, where the thing's name belongs.
_NO_NAMES = frozenset(("What", "Which", "Whether", "Who", "How", "Where", "From", "When", "Why"))


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_header_begins_with_the_name_of_its_thing(name: str) -> None:
    path: Path = modules()[name]
    header = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
    assert header, "a module says in its first line what it is"
    assert header.split()[0] not in _NO_NAMES, header
