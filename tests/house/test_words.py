"""`1 task`, `2 tasks`: a count and its noun are written by `schema.words.many`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOUN = re.compile(r"^ (?:[a-z]+ )?([a-z]{3,}s)\b")
# Counted only where there are several.
_SEVERAL = {"machines", "repositories", "runs", "tasks", "characters", "bytes", "pairs"}


def _counted() -> Iterator[str]:
    for package in ("schema", "inbox", "orch", "council"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield from (f"{path}: {noun}" for noun in _nouns(node))


def _nouns(text: ast.JoinedStr) -> Iterator[str]:
    for count, words in zip(text.values, text.values[1:], strict=False):
        is_count = isinstance(count, ast.FormattedValue) and isinstance(count.value, ast.Call)
        if not is_count or getattr(count.value.func, "id", "") != "len":
            continue
        found = _NOUN.match(str(words.value)) if isinstance(words, ast.Constant) else None
        if found and found[1] not in _SEVERAL:
            yield found[1]


def test_what_is_counted_is_one_thing_or_many():
    assert list(_counted()) == []
