"""The design pages name what is there: each crash point, and only files that exist."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support.crash_points import reached
from tests.support.every import every

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


def test_a_crash_point_in_a_header_is_reached_somewhere():
    """The numbered steps of a module cite its points; a misnamed one would lead nowhere."""
    points = {point for package in PACKAGES for point in reached(package, least=0)}
    rooms = "|".join(sorted({point.partition(".")[0] for point in points}))
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            header = ast.get_docstring(ast.parse(path.read_text())) or ""
            cited = set(re.findall(rf"`((?:{rooms})\.[a-z_]+)`", header))
            assert {point for point in cited if not point.endswith(".py")} <= points, path


@lru_cache(maxsize=1)
def _defined() -> set[str]:
    """Return what modules and classes define, as `owner.name`, and the columns of tables."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found.add(f"{path.stem}.{node.name}")
                if isinstance(node, ast.ClassDef):
                    within = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
                    found |= {f"{node.name}.{n.attr}" for n in within}
                    found |= {f"{node.name}.{n.name}" for n in node.body if hasattr(n, "name")}
    return found


@every(PAGES, [page.stem for page in PAGES])
def test_a_function_that_a_page_names_is_there(page: Path):
    """`keys.once`, `Database.begin_write`: a module or class, and what it defines."""
    known = _defined() | {point for package in PACKAGES for point in reached(package, least=0)}
    owners = {name.partition(".")[0] for name in known}
    columns = "".join(p.read_text() for p in (ROOT / "schema/migrations").glob("*.sql"))
    missing = {
        f"{owner}.{name}"
        for owner, name in re.findall(r"`(\w+)\.(\w+)(?:\(\))?`", page.read_text())
        if owner in owners
        and name not in ("py", "sql", "toml", "md", "yaml")
        and f"{owner}.{name}" not in known
        and not re.search(rf"^\s+{name} ", columns, re.M)
    }
    assert missing == set()


def test_every_room_of_orch_stands_on_the_picture():
    picture = (ROOT / "docs" / "ARCHITECTURE.md").read_text().split("```")[3]
    rooms = {path.stem for path in (ROOT / "orch").iterdir() if path.suffix == ".py"}
    rooms |= {path.name for path in (ROOT / "orch").iterdir() if path.is_dir()}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} <= {
        "__init__", "__pycache__",
    }  # fmt: skip
