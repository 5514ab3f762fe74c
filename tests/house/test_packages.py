"""Nobody else owns our import names, and every release that the gate uses is pinned."""

import ast
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = {"schema", "inbox", "orch", "council"}


def test_no_other_distribution_owns_our_names():
    owners = packages_distributions()
    for name in OURS:
        assert set(owners.get(name, ["orch-inbox"])) == {"orch-inbox"}


def test_every_release_that_the_gate_uses_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    asked += project["build-system"]["requires"]
    pins = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in pins if "==" in line}
    assert {canonicalize_name(Requirement(line).name) for line in asked} <= pinned


_OWNERS = {"textual": "orch/board_app", "rich": "orch/board_app", "starlette": "orch/web",
           "uvicorn": "orch/web", "sse_starlette": "orch/web"}  # fmt: skip


def test_what_only_a_screen_or_a_page_needs_is_imported_there_alone():
    for path in (p for package in OURS for p in (ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(name in text for name in _OWNERS):
            continue
        for node in ast.walk(ast.parse(text)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            for owner in filter(None, (_OWNERS.get(name.partition(".")[0]) for name in names)):
                assert str(path.relative_to(ROOT)).startswith(owner), f"{path}: {names}"


def test_without_extras_nothing_of_a_server_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plain = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    extras = {
        canonicalize_name(Requirement(line).name)
        for lines in project["optional-dependencies"].values()
        for line in lines
    }
    assert {"starlette", "uvicorn", "sse-starlette"} <= extras
    assert not plain & extras
