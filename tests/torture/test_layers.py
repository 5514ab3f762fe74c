"""The quick form of the layers that fit no other room, and the table against the document."""

import re
from pathlib import Path

import pytest

from tests.torture import points, runner, upgrade
from tests.torture.layers import LAYERS

_ROOT = Path(__file__).parents[2]
_DOCUMENT = _ROOT / "docs" / "reference" / "torture.md"

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("layers of files; tests/pg/test_killed.py is that of a server"),
]


def test_make_layers_runs_every_test_of_a_layer():
    for path in {*(_ROOT / "tests").rglob("test_*.py")} - {Path(__file__)}:
        text = path.read_text(encoding="utf-8")
        is_one = "torture import" in text or 'environ.get("TORTURE_WHOLE")' in text
        assert ("mark.layers" in text) == is_one, path


def test_the_document_has_a_row_for_every_layer():
    rows = re.findall(r"^\| `(\w+)` \|", _DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(set(rows) - {"planted"}) == sorted(LAYERS)


def test_every_crash_point_of_the_source_is_one_that_we_kill_at():
    assert points.reached_in_source() == {*points.COMMIT_POINTS, *upgrade.POINTS}


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        ("clock", "scenarios"),
        ("input", "command lines"),
        ("workflows", "lives"),
    ],
)
def test_quick(layer, what):
    totals = runner.require_clean(layer)
    assert totals[what] == runner.budget(layer)


@pytest.mark.skipif(not runner.WHOLE, reason="one is half a minute: make layers")
@pytest.mark.parametrize(("layer", "what"), [("passes", "lives"), ("real_drives", "driven runs")])
def test_that_cannot_be_cut_to_a_tenth(layer, what):
    assert runner.require_clean(layer)[what] == runner.budget(layer)


def test_the_same_seed_tells_the_same_story():
    once, again = (runner.outcome("clock", "--count", "500", "--seed", "7") for _ in range(2))
    assert once["totals"] == again["totals"]
    other = runner.outcome("clock", "--count", "500", "--seed", "8")
    assert other["totals"] != once["totals"]
