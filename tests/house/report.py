"""`python -m tests.house.report`: what the house promises, point by point, as it is now.

Each line says the point, how it stands, and the command or test that shows it. Exits 1 where one
does not hold.
"""

import ast
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.house import test_circles, test_imports

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schema", "inbox", "orch", "council")
# Of the day before the house was built (issue 13), by `git ls-files '*.py' '*.sql' | xargs wc -l`.
_LINES_BEFORE = 43_725
_MOST_LINES, _MOST_OF_A_FUNCTION = 400, 60
# The two commits that added and removed a field of a queue's entry, to be counted.
_FIELD = "fe20750"
# feature: its folder among the commands, where that has another name.
_FEATURES = {
    "landing": "landing", "dispatch": "tasks", "agents": "agents", "checks": "tasks",
    "submissions": "tasks", "worktrees": "worktrees", "requests": "requests", "plans": "plans",
    "setup": "setup", "reports": "reports", "drive": "drive",
}  # fmt: skip


class Point(NamedTuple):
    """One promise: whether it holds, what was counted, how one looks oneself."""

    name: str
    holds: bool
    found: str
    command: str


def points() -> Iterator[Point]:
    """Yield every point of house.md, section 6."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _files()}
    yield _rooms()
    yield _circles()
    yield _classes(trees)
    yield from _features()
    yield _field()
    yield _functions(trees)
    yield _sizes(trees)
    yield _product()
    yield _hot()


def _files(suffix: str = ".py") -> list[Path]:
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob(f"*{suffix}"))]


def _rooms() -> Point:
    rooms = sorted(p.name for p in (ROOT / "orch").iterdir() if (p / "__init__.py").exists())
    return Point("ls orch names the features", True, " ".join(rooms), "ls orch")


def _circles() -> Point:
    known = test_circles.modules()
    graph = {
        name: test_circles.imported(ast.parse(path.read_text(encoding="utf-8")), known)
        for name, path in known.items()
    }
    found = test_circles.circles(graph)
    words = f"{len(found)} circles among {len(known)} modules, lazy imports counted"
    return Point("no circle", not found, words, "pytest tests/house/test_circles.py")


def _classes(trees: dict[Path, ast.Module]) -> Point:
    names = Counter(
        (path.relative_to(ROOT).parts[0], node.name)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    twice = [name for (_, name), count in names.items() if count > 1 and not name.startswith("_")]
    words = f"{len(names)} classes, {len(twice)} names used twice in a package"
    return Point("a class has its name for itself", not twice, words,
                 "pytest tests/house/test_rooms.py -k class")  # fmt: skip


def _features() -> Iterator[Point]:
    for feature, folder in _FEATURES.items():
        room = len(list((ROOT / "orch" / feature).rglob("*.py")))
        shown = len(list((ROOT / "orch" / "cli" / folder).glob("*.py")))
        below = [p for tier in ("operations", "store") for p in (ROOT / "orch" / tier).glob("*.py")]
        words = f"orch/{feature} {room}, orch/cli/{folder} {shown}"
        yield Point(f"{feature} has its room", room > 0 and shown > 0,
                    f"{words}; rows and steps in operations, store ({len(below)} in all)",
                    f"find orch/{feature} orch/cli/{folder} -name '*.py'")  # fmt: skip


def _field() -> Point:
    command = f"git show --stat {_FIELD}"
    done = subprocess.run(["git", "show", "--name-only", "--format=", _FIELD], cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    names = [name for name in done.stdout.split() if name.partition("/")[0] in PACKAGES]
    if done.returncode:
        return Point("a new field of an entry", True, "its commit is not in this clone", command)
    words = f"{len(names)} files of the product: {', '.join(names)}"
    return Point("a new field of an entry touches at most 5 files", len(names) <= 5, words, command)


def _functions(trees: dict[Path, ast.Module]) -> Point:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    ninety = statistics.quantiles(lengths, n=10)[-1]
    words = (
        f"{len(lengths)} functions: half at most {statistics.median(lengths):g} lines, nine of ten "
        f"{ninety:g}, the longest {max(lengths)}"
    )
    holds = ninety <= 25 and max(lengths) <= _MOST_OF_A_FUNCTION
    return Point("functions are short", holds, words, "pytest tests/house/test_rooms.py -k head")


def _sizes(trees: dict[Path, ast.Module]) -> Point:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in trees}
    longest = max(sizes, key=lambda path: sizes[path])
    words = (
        f"{len(sizes)} files: half at most {statistics.median(sizes.values()):g} lines, "
        f"the longest {sizes[longest]} ({longest.relative_to(ROOT)})"
    )
    return Point("files are short", sizes[longest] <= _MOST_LINES, words,
                 "pytest tests/house/test_rooms.py -k head")  # fmt: skip


def _product() -> Point:
    lines = sum(
        path.read_text(encoding="utf-8").count("\n") for path in [*_files(), *_files(".sql")]
    )
    words = f"{lines:,} lines of Python and SQL; {_LINES_BEFORE:,} before all that came since"
    command = "git ls-files schema inbox orch council | xargs wc -l"
    return Point("the product's size is known", True, words, command)


def _hot() -> Point:
    sizes = {line: len(found) for line, found in test_imports._ALL_HOT.items()}
    costly = [line for line, found in test_imports._ALL_HOT.items()
              if found & test_imports._FORBIDDEN]  # fmt: skip
    words = (
        f"{len(sizes)} hot commands load {min(sizes.values())} to {max(sizes.values())} modules of "
        "ours, none of the costly ones"
    )
    return Point("hot commands load what is listed", not costly, words,
                 "pytest tests/house/test_imports.py")  # fmt: skip


def main() -> int:
    """Print every point; return 1 where one does not hold."""
    found = list(points())
    for point in found:
        print(f"{'ok  ' if point.holds else 'NOT '} {point.name}: {point.found}")
        print(f"       $ {point.command}")
    return 0 if all(point.holds for point in found) else 1


if __name__ == "__main__":
    sys.exit(main())
