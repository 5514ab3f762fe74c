"""Attributes of a commit that we may not honour: submodules, filters, LFS.

Guarantees: read from the commit's own tree and the configuration's key names; nothing of
it is run. Dispatch refuses what is found here, or supports it knowingly.
"""

from dataclasses import dataclass

from orch.git.names import require_oid
from orch.git.repository import Repository, call, configured_names, read_small


@dataclass(frozen=True, slots=True)
class Traits:
    """`submodules`: paths of gitlinks. `filters`: names that attributes ask for.

    `configured`: those of the filters that this machine's configuration would run;
    `merge_drivers` likewise for merging. We run neither: files arrive as stored, and a
    merge that needs such a driver fails.
    """

    submodules: tuple[str, ...]
    filters: tuple[str, ...]
    configured: tuple[str, ...]
    merge_drivers: tuple[str, ...]

    @property
    def uses_lfs(self) -> bool:
        """Whether files are kept in Git LFS."""
        return "lfs" in self.filters

    @property
    def unsupported(self) -> str:
        """Why a worktree of this commit would not be whole, "" when it will be."""
        if self.submodules:
            return f"it has {len(self.submodules)} submodule(s): {', '.join(self.submodules[:3])}"
        if self.filters:
            return f"its attributes ask for the filter(s) {', '.join(self.filters)}, not run here"
        return ""


def read_traits(repo: Repository, commit: str) -> Traits:
    """Return the traits of a commit. Raises: invalid_input, git_error."""
    require_oid(commit, repo.object_format)
    submodules, blobs = _odd_files(repo, commit)
    text = read_small(f"{repo.common_dir}/info/attributes") or ""
    if blobs:
        feed = "".join(oid + "\n" for oid in dict.fromkeys(blobs)).encode()
        answer = call(repo, "cat-file", "--batch", "--buffer", stdin=feed)
        text += "\n" + answer.out.decode("utf-8", "replace")
    wanted = {"filter": set[str](), "merge": set[str]()}
    for line in text.split("\n"):
        for word in line.split() if not line.lstrip().startswith("#") else ():
            kind, equals, name = word.partition("=")
            if equals and kind in wanted:
                wanted[kind].add(name)
    keys = configured_names(repo) if wanted["filter"] or wanted["merge"] else []
    known = {tuple(key.rpartition(".")[0].split(".", 1)) for key in keys}
    return Traits(
        tuple(submodules),
        tuple(sorted(wanted["filter"])),
        tuple(sorted(n for n in wanted["filter"] if ("filter", n) in known)),
        tuple(sorted(n for n in wanted["merge"] if ("merge", n) in known)),
    )


_odd: "dict[tuple[str, str], tuple[list[str], list[str]]]" = {}
_MOST_KEPT = 50


def _odd_files(repo: Repository, commit: str) -> tuple[list[str], list[str]]:
    """Return the submodules of a commit and the ids of its files of attributes.

    A commit never has others: of the last few what was seen is kept.
    """
    key = (repo.common_dir, commit)
    if key in _odd:
        return _odd[key]
    submodules: list[str] = []
    blobs: list[str] = []
    for record in call(repo, "ls-tree", "-r", "-z", "--full-tree", commit).records():
        meta, _, path = record.partition("\t")
        mode, _, oid = meta.split(" ")
        if mode == "160000":
            submodules.append(path)
        elif path.rpartition("/")[2] == ".gitattributes" and mode.startswith("100"):
            blobs.append(oid)
    if len(_odd) >= _MOST_KEPT:
        _odd.clear()
    _odd[key] = submodules, blobs
    return submodules, blobs
