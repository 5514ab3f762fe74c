"""The crash points of a package, found by searching all of its source, wherever it stands."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def reached(package: str, *groups: str, least: int = 1) -> list[str]:
    """Return the points of `package` (those of some groups: the word before the dot), sorted.

    At least `least` must be there: a search that looks in the wrong place finds none, and the
    tests made of its answer would silently be none.
    """
    found = {
        name
        for path in (_ROOT / package).rglob("*.py")
        for name in re.findall(r'points\.reach\(f?"([^"]+)"', path.read_text())
        if not groups or name.partition(".")[0] in groups
    }
    assert len(found) >= least, f"{len(found)} crash points of {groups} in {package}/"
    return sorted(found)
