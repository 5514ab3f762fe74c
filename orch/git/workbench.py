"""A place to merge and compare in that depends on commits alone.

git reads attributes from the files of a checkout and takes rename limits from anybody's
configuration; both change what a merge gives. A workbench is a directory of our own that
holds only the `.gitattributes` of the tree merged onto, and fixed values for the rest.
Guarantees: the same commits give the same tree, whatever the user's checkout holds; no
driver or filter runs; the directory goes with it. Never writes an index, a ref or a file of
a checkout.
"""

import contextlib
import os
import tempfile
from dataclasses import dataclass

from orch.git import scratch
from orch.git.commits import read_objects
from orch.git.merges import Merge, merge_trees
from orch.git.repository import Repository, call, drivers_off

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED: "tuple[tuple[str, str], ...]" = (
    ("core.attributesFile", os.devnull),
    ("merge.renames", "true"),
    ("merge.renameLimit", "7000"),
    ("merge.directoryRenames", "conflict"),
    ("merge.renormalize", "false"),
    ("merge.conflictStyle", "merge"),
    ("diff.algorithm", "myers"),
    ("diff.renames", "true"),
)


@dataclass(slots=True)
class Workbench:
    """`place` is the repository as seen from our directory; `blanks` switch off its drivers.

    `tree` is the tree whose attributes lie there, `known` their paths and ids.
    """

    place: Repository
    folder: str
    blanks: "tuple[tuple[str, str], ...]"
    tree: str = ""
    known: "dict[str, str] | None" = None

    def merge(self, ours: str, theirs: str) -> Merge:
        """Return the merge of two commits under the attributes that lie here."""
        return merge_trees(self.place, ours, theirs, blanks=self.blanks, config=FIXED)

    def prepare(self, tree: str) -> None:
        """Lay out the attributes of `tree`; when nothing of them changed, they stay."""
        if tree == self.tree:
            return
        if self.known is None or self._attributes_differ(tree):
            found = self._attributes_of(tree)
            if found != (self.known or {}):
                self._lay_out(found)
            self.known = found
        self.tree = tree

    def _attributes_differ(self, tree: str) -> bool:
        asked = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", self.tree, tree)
        changed = call(self.place, *asked, blanks=self.blanks).records()
        return any(_is_attributes(path) for path in changed)

    def _attributes_of(self, tree: str) -> "dict[str, str]":
        found = {}
        for record in call(self.place, "ls-tree", "-r", "-z", "--full-tree", tree).records():
            meta, _, path = record.partition("\t")
            # Links are left out: git does not follow them here either.
            if _is_attributes(path) and meta.startswith("100") and _is_plain(path):
                found[path] = meta.rpartition(" ")[2]
        return found

    def _lay_out(self, found: "dict[str, str]") -> None:
        """Write the files into a directory not used before, so that none of another tree stay."""
        top = tempfile.mkdtemp(dir=self.folder)
        contents = {oid: body for oid, _, body in read_objects(self.place, [*found.values()])}
        for path, oid in found.items():
            whole = os.path.join(top, path)
            with contextlib.suppress(FileExistsError, NotADirectoryError):  # A tree that git
                os.makedirs(os.path.dirname(whole), exist_ok=True)  # would never check out.
                with open(whole, "xb") as file:
                    file.write(contents[oid])
        self.place = Repository(
            top, self.place.git_dir, self.place.common_dir, self.place.object_format
        )


def _is_attributes(path: str) -> bool:
    return path.rpartition("/")[2] == ".gitattributes"


def _is_plain(path: str) -> bool:
    """Whether a path of a tree, which anybody can write, stays inside the directory."""
    return not any(part.lower() in ("", ".", "..", ".git") for part in path.split("/"))


@contextlib.contextmanager
def open_workbench(repo: Repository) -> "Iterator[Workbench]":
    """Give a workbench on `repo`, for one merge or for all of a pass."""
    with scratch.folder() as folder:
        place = Repository(folder, repo.git_dir, repo.common_dir, repo.object_format)
        yield Workbench(place, folder, drivers_off(repo))
