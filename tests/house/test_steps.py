"""A printed command is made in one place, typed and bound to the table (I25).

Every `say(...)` in the product names a command of the table and options of it; who gives a
person's word is a person; no text of the product writes a command by hand.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from inbox import steps as inbox_steps
from orch.steps import model as orch_steps
from schema.steps import BLANKS
from tests.support.steps import programs

ROOT = Path(__file__).parents[2]
_OWN = {"inbox": "inbox", "orch": "orch", "council": "orch"}
_TABLES = ("table.py", "hot_table.py", "primer.py", "shapes.py")

# Texts that begin like a command and are none: they say who did something, or name a document.
_NAMES = frozenset(
    ("orch continue", "orch work", "orch submit", "orch queue", "orch queue: over",
     "orch integrate was refused: ", "orch integrate was refused", "orch: dispatch",
     "orch plan", "orch council")
)  # fmt: skip


def _files() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("schema", "inbox", "orch", "council"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _said() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call of a `say`: where, whose table, and the call."""
    for path, tree in _files():
        names: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for one in node.names:
                    if one.name == "say" and node.module and "steps" in node.module:
                        names[one.asname or "say"] = _OWN[node.module.partition(".")[0]]
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", names[node.func.id], node


def test_every_step_is_in_the_table() -> None:
    found = 0
    for where, program, call in _said():
        table = programs()[program]
        first = call.args[0]
        assert isinstance(first, ast.Constant), f"{where}: the command's words are written out"
        command = table.commands.get(first.value)
        assert command is not None, f"{where}: {program} has no {first.value!r}"
        flags = {o.flag for o in (*command.options, *table.globals)}
        for keyword in call.keywords:
            if keyword.arg is not None:
                flag = "--" + keyword.arg.rstrip("_").replace("_", "-")
                assert flag in flags, f"{where}: {first.value} has no {flag}"
        said = [word.value for word in ast.walk(call) if isinstance(word, ast.Constant)]
        blank = {word for word in said if isinstance(word, str) and word.strip("/").isupper()}
        assert blank <= BLANKS.keys(), f"{where}: what stands for {blank - BLANKS.keys()}"
        bare = [o for o in command.options if not o.flag.startswith("-")]
        assert len(call.args) - 1 <= len(bare) or any(o.many for o in bare), where
        found += 1
    assert found > 150


@pytest.mark.parametrize(("program", "module"), [("inbox", inbox_steps), ("orch", orch_steps)])
def test_the_words_are_the_tables(program: str, module: object) -> None:
    """mypy refuses any other word than these."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    literal = next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "Words"
    )
    space: dict[str, object] = {}
    exec(f"from typing import Literal\nfound = {ast.unparse(literal)}", space)
    assert sorted(get_args(space["found"])) == sorted(programs()[program].commands)


def test_a_persons_word_is_said_to_a_person() -> None:
    marked = {words for words, row in programs()["orch"].commands.items() if row.person}
    assert marked == orch_steps.PERSON
    assert set(programs()["orch"].commands) >= orch_steps.LOOKS


def _heads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are no docstring: each with its line and its beginning."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            quiet |= {id(part) for part in node.values[1:]}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield node.lineno, node.value


def _is_command(text: str) -> bool:
    """Say whether a text is a command, or holds one behind a colon, by its first words."""
    for part in (text, *text.split(": ")[1:], *text.split("\n")[1:]):
        words = part.strip().split(" ")
        if words[0] in programs() and len(words) > 1:
            table = programs()[words[0]]
            known = {name.partition(" ")[0] for name in table.commands}
            if words[1].strip(",;.") in known:
                return True
        if words[:2] == ["git", "-C"]:
            return True
    return False


def test_no_command_is_written_by_hand() -> None:
    found, names = [], set()
    for path, tree in _files():
        name = str(path.relative_to(ROOT))
        if path.name in _TABLES or name in ("orch/setup/catalog.py", "orch/setup/texts.py"):
            continue
        for line, text in _heads(tree):
            if text in _NAMES:
                names.add(text)
            elif _is_command(text):
                found.append(f"{name}:{line}: {text[:80]!r}")
    assert not found, "\n".join(found)
    assert names == _NAMES
