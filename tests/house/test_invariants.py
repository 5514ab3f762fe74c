"""Every numbered invariant is cited by what keeps it and by what tests it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = re.findall(r"^\| (I\d+) \|", (ROOT / "docs/invariants.md").read_text(), re.MULTILINE)


def _text(*folders: str) -> str:
    paths = [p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in (".py", ".sql")]
    return "\n".join(p.read_text(encoding="utf-8") for p in paths if p != Path(__file__))


CODE = _text("schema", "inbox", "orch", "council")
TESTS = _text("tests")


@pytest.mark.parametrize("number", NUMBERS)
def test_an_invariant_is_cited_by_code_and_by_a_test(number: str):
    cited = re.compile(rf"\b{number}\b")
    assert cited.search(CODE), f"{number}: no code or SQL says that it keeps it"
    assert cited.search(TESTS), f"{number}: no test says that it checks it"
