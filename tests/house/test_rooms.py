"""The rules of the house that a machine can hold: tiers, sizes, names, doors."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.support.every import every

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schema", "inbox", "orch", "council")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST_LINES, MOST_FUNCTION_LINES = 400, 60
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "service", "misc", "base"}
# How a header begins that a search for its thing would not find.
NO_NAMES = {"What", "Which", "Whether", "Who", "How", "Where", "From", "When", "Why"}
# The middle of orch stands by feature, the state below it does not.
FEATURES = {
    "agents", "board", "checks", "config_in_force", "dispatch", "doctor", "drive", "fleet",
    "landing", "outside_attempt", "reconcile", "reports", "requests", "retention", "run_end",
    "submissions", "wait", "wait_for_news", "worktrees",
}  # fmt: skip
TIER_OF = {"Database": {"workflows"}, "Tx": {"operations", "store"}, "ReadTx": {
    "operations", "store", "reads"}}  # fmt: skip
ON_DISK = {"os.path.dirname", "os.path.join", "os.path.split", "os.stat", "os.lstat"}
# A workflow's private steps may take the transaction it opened; the store's own package reads it.
SHARED = {"workflows", "cli"}


def _ids(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


every_module = every(MODULES, _ids(MODULES))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@every_module
def test_a_module_and_its_functions_fit_in_one_head(path: Path):
    assert len(path.read_text().splitlines()) <= MOST_LINES
    for node in ast.walk(_tree(path)):
        if isinstance(node, FUNCTIONS):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_FUNCTION_LINES, f"{node.name}: {lines} lines"


@every_module
def test_a_module_says_what_it_is_and_has_a_field_name(path: Path):
    tree = _tree(path)
    header = ast.get_docstring(tree) or ""
    assert header, "no module docstring"
    assert header.split()[0] not in NO_NAMES, f"begin with the thing's name, not: {header[:60]}"
    assert path.stem not in FORBIDDEN_NAMES
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "a package's __init__ holds only its docstring"


@every_module
def test_public_functions_have_docstrings(path: Path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_a_class_has_its_name_for_itself_in_its_package():
    places: dict[tuple[str, str], list[str]] = {}
    for path in MODULES:
        where = path.relative_to(ROOT)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                place = f"{where}:{node.lineno}"
                places.setdefault((where.parts[0], node.name), []).append(place)
    assert not {key: found for key, found in places.items() if len(found) > 1}


@every_module
def test_the_first_parameter_tells_the_tier(path: Path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "schema":
        return
    tier = "workflows" if parts[0] == "orch" and parts[1] in FEATURES else parts[1]
    for node in _tree(path).body:
        if not isinstance(node, FUNCTIONS) or node.name.startswith("_") or not node.args.args:
            continue
        annotation = node.args.args[0].annotation
        first = ast.unparse(annotation).strip("'\"") if annotation is not None else ""
        allowed = TIER_OF.get(first)
        assert allowed is None or tier in allowed | SHARED, f"{node.name}({first}) in {tier}"


def test_only_schema_knows_that_a_store_is_a_file():
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "schema":
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Attribute):
                assert node.attr != "connection", f"{path}:{node.lineno}: ask the Database"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ON_DISK:
                asked = ast.unparse(node.args[0])
                assert not asked.endswith("db.path"), f"{path}:{node.lineno}: ask db.folder"


def test_sql_stands_in_sql_files_only():
    verbs = ("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ")
    # Pragmas, bookkeeping of the file itself, and the JSON questions asked of no table.
    allowed = {
        "schema/new_store.py",
        "schema/json_check.py",
        "inbox/cli/plain.py",
        "schema/pg/move.py",
    }
    for path in MODULES:
        if str(path.relative_to(ROOT)) in allowed:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(verbs), f"{path}: {node.value[:50]!r}"


def test_layers_hold():
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
