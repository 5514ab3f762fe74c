"""The one mechanical resolution of a conflict: keep the lines of both sides.

For paths that opted in, and only where both sides changed a plain text file. Guarantees:
every line that a side added is in the result, or there is no result; no side is ever
dropped; nothing but objects is written.
"""

import os
import tempfile
from collections import Counter

from orch import paths
from orch.git.commits import read_objects
from orch.git.merges import Merge, Stage
from orch.git.repository import DURABLE, call
from orch.git.workbench import Workbench

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_FILES = ("100644", "100755")


def resolve_union(bench: Workbench, conflict: Merge, globs: "Sequence[str]") -> Merge | None:
    """Return the merge with every path of `conflict` resolved, None unless all of them can be.

    A path can be when a glob names it and both sides hold it as a text file (a deletion, a
    rename, a link, a mode that both changed, binary content: none of these).
    """
    if not globs or set(conflict.types) != {"CONFLICT (contents)"}:
        return None
    records = []
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        for path in conflict.files:
            sides = {s.stage: s for s in conflict.stages if s.path == path}
            mode = _mode(sides) if any(paths.fits(path, glob) for glob in globs) else ""
            oid = _both(bench, sides, folder) if mode else ""
            if not oid:
                return None
            records.append(f"{mode} {oid} 0\t{path}\0")
        tree = _with_entries(bench, conflict.marked, "".join(records), folder)
    return Merge("merge", "", tree)


def _mode(sides: "dict[int, Stage]") -> str:
    """Return the mode of the result, "" when the sides are not two plain files."""
    if not {2, 3} <= set(sides) or any(s.mode not in _FILES for s in sides.values()):
        return ""
    base, ours, theirs = (sides.get(n, sides[2]).mode for n in (1, 2, 3))
    if theirs in (ours, base):
        return ours
    return theirs if ours == base and 1 in sides else ""


def _both(bench: Workbench, sides: "dict[int, Stage]", folder: str) -> str:
    """Return the id of a file with the lines of both sides, "" when some would be lost."""
    wanted = [sides[n].oid for n in (1, 2, 3) if n in sides]
    known = {oid: body for oid, _, body in read_objects(bench.place, wanted)}
    base, ours, theirs = (known[sides[n].oid] if n in sides else b"" for n in (1, 2, 3))
    names = []
    for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
        names.append(os.path.join(folder, name))
        with open(names[-1], "wb") as file:
            file.write(content)
    asked = ("merge-file", "--union", "-p", "-q", *names)
    answer = call(bench.place, *asked, ok=(0, 255), blanks=bench.blanks)
    if answer.code or not keeps_both(base, ours, theirs, answer.out):
        return ""
    asked = ("hash-object", "-w", "--no-filters", "--stdin")
    return call(bench.place, *asked, stdin=answer.out, config=DURABLE).text()


def keeps_both(base: bytes, ours: bytes, theirs: bytes, merged: bytes) -> bool:
    """Say whether every line that a side added to `base` is in `merged`, as often as it did."""
    old, result = _lines(base), _lines(merged)
    return all(
        result[line] >= count
        for side in (ours, theirs)
        for line, count in (_lines(side) - old).items()
    )


def _lines(content: bytes) -> "Counter[bytes]":
    return Counter(line.rstrip(b"\r") for line in content.split(b"\n"))


def _with_entries(bench: Workbench, tree: str, records: str, folder: str) -> str:
    """Return `tree` with some of its files replaced."""
    mine = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
    feed = os.fsencode(records)
    for asked in (("read-tree", tree), ("update-index", "-z", "--index-info"), ("write-tree",)):
        stdin = feed if asked[0] == "update-index" else None
        answer = call(
            bench.place, *asked, env=mine, stdin=stdin, blanks=bench.blanks, config=DURABLE
        )
    return answer.text()
