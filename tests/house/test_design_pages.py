"""The design pages name what is there: each crash point, and only files that exist."""

import re
from pathlib import Path

import pytest

from tests.support.crash_points import reached

ROOT = Path(__file__).resolve().parents[2]
DESIGN = ROOT / "docs" / "design"
PAGES = [
    ROOT / "docs" / "ARCHITECTURE.md",
    ROOT / "docs" / "invariants.md",
    *sorted(DESIGN.glob("*.md")),
]
PACKAGES = ("schema", "inbox", "orch", "council")
_FILES = re.compile(r"`((?:\w+/)*\w+\.(?:py|sql|toml))`")


def test_every_crash_point_stands_on_a_design_page():
    text = "".join(path.read_text() for path in DESIGN.glob("*.md"))
    points = {point for package in PACKAGES for point in reached(package, least=0)}
    assert {point for point in points if f"`{point}`" not in text} == set()
    groups = "|".join(sorted({point.partition(".")[0] for point in points}))
    named = set(re.findall(rf"`((?:{groups})\.[a-z_]+)`", text))
    assert {name for name in named - points if not name.endswith((".py", ".toml"))} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_names_files_and_invariants_that_exist(page: Path):
    text = page.read_text()
    here = [
        path for package in (*PACKAGES, "tests", "docs") for path in (ROOT / package).rglob("*.*")
    ]
    known = {str(path.relative_to(ROOT)) for path in here}
    for name in _FILES.findall(text):
        found = any(f"/{path}".endswith(f"/{name}") for path in known)
        assert found or name == "orch.toml", name
    invariants = set(re.findall(r"^\| (I\d+) \|", (ROOT / "docs/invariants.md").read_text(), re.M))
    assert set(re.findall(r"\bI\d+\b", text)) <= invariants
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link
