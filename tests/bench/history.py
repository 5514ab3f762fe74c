"""Histories to replay: the merges of a real repository, or one made of real releases.

No clone of a public repository can be had where only a package index is reachable. So the default
is made: consecutive source releases of one project, each step between two of them cut into topics
by directory, each topic branched off one release too early and merged by plain git. Texts, sizes,
renames and overlaps are real; who wrote what when is not.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bench.installed import BENCH, environment

ENV = environment() | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", "bench"), ("EMAIL", "bench@localhost"))
    },
}
PROJECT, FIRST, RELEASES = "sqlalchemy", (2, 0, 20), 18
_GIT_SECONDS = 120
_GROUPS = ("lib", "test")  # And everything else: three topics a release.


@dataclass(frozen=True)
class Topic:
    """One merge of a first-parent line: `head` was merged onto `onto`, and gave `merge`.

    `base` is where the topic left the line. A row of direct commits is a topic too: `head` is
    its last one, and `merge` the same.
    """

    name: str
    base: str
    head: str
    onto: str
    merge: str


def git(repo: Path, *words: str, feed: bytes = b"", ok: tuple[int, ...] = (0,)) -> str:
    """Run git and return what it says, undecodable bytes kept."""
    done = subprocess.run(
        ["git", *words],
        cwd=repo,
        env=ENV,
        input=feed,
        capture_output=True,
        check=False,
        timeout=_GIT_SECONDS,
    )
    if done.returncode not in ok:
        raise SystemExit(f"git {' '.join(words)}: {done.stderr.decode('utf-8', 'replace')}")
    return os.fsdecode(done.stdout).removesuffix("\n")


def read(repo: Path, count: int) -> list[Topic]:
    """Return the newest `count` merges of HEAD's first-parent line, the oldest first."""
    rows = git(repo, "rev-list", "--first-parent", "--parents", "HEAD").split("\n")
    line = [row.split(" ") for row in rows if len(row.split(" ")) > 1]
    newest = [at for at, words in enumerate(line) if len(words) == 3][:count]
    if not newest:
        raise SystemExit(f"{repo} has no merges on its first-parent line")
    topics: list[Topic] = []
    direct = ""
    for words in reversed(line[: newest[-1] + 1]):
        commit, onto = words[:2]
        if len(words) != 3:  # No merge, or an octopus: it stays what it was.
            direct = direct or onto
            end = commit
            continue
        if direct:
            topics.append(Topic(f"t{len(topics)}", direct, end, direct, end))
            direct = ""
        base = git(repo, "merge-base", onto, words[2], ok=(0, 1)).split("\n")[0]
        topics.append(Topic(f"t{len(topics)}", base, words[2], onto, commit))
    return topics


def make(folder: Path) -> Path:
    """Return a repository of real releases, whose first-parent line is merges of their steps."""
    repo = folder / "made"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    trees = [_tree(repo, archive) for archive in _releases()]
    tips = [git(repo, "commit-tree", trees[0], "-m", "the first release")]
    line = tips[0]
    for number, (old, new) in enumerate(pairwise(trees), 1):
        early = tips[max(0, number - 2)]
        for group in (*_GROUPS, ""):
            head = _topic(repo, early, old, new, group, number)
            if head:
                line = _merge(repo, line, head, new)
        tips.append(line)
    git(repo, "update-ref", "refs/heads/main", line)
    git(repo, "reset", "-q", "--hard")
    return repo


def _topic(repo: Path, early: str, old: str, new: str, group: str, number: int) -> str:
    """Return a commit on `early` that holds one group's files as in `new`, "" for no change."""
    changed = git(repo, "diff-tree", "-r", "--no-renames", "-z", old, new).split("\0")
    lines = [f"read-tree {early}"]
    chosen = []
    for meta, path in zip(changed[::2], changed[1::2], strict=False):
        top = path.partition("/")[0]
        if (top if top in _GROUPS else "") == group:
            _, mode, _, oid, status = meta.split(" ")
            chosen.append(f"0 {'0' * 40}\t{path}" if status == "D" else f"{mode} {oid}\t{path}")
    if not chosen:
        return ""
    git(repo, *lines[0].split(" "))
    git(repo, "update-index", "-z", "--index-info", feed=os.fsencode("\0".join(chosen) + "\0"))
    tree = git(repo, "write-tree")
    what = f"release {number}: {group or 'the rest'}"
    return git(repo, "commit-tree", tree, "-p", early, "-m", what)


def _merge(repo: Path, line: str, head: str, resolved: str) -> str:
    """Return the merge; what conflicts is resolved as the release has it."""
    said = git(repo, "merge-tree", "--write-tree", "-z", "--name-only", line, head, ok=(0, 1))
    tree, *names = said.split("\0")
    in_conflict = names[: names.index("")] if "" in names else []
    if in_conflict:
        git(repo, "read-tree", tree)
        listed = git(repo, "ls-tree", "-r", "-z", resolved, "--", *in_conflict).split("\0")
        there = {row.partition("\t")[2]: row for row in listed if row}
        rows = [there.get(p, f"0 {'0' * 40}\t{p}").replace(" blob ", " ") for p in in_conflict]
        git(repo, "update-index", "-z", "--index-info", feed=os.fsencode("\0".join(rows) + "\0"))
        tree = git(repo, "write-tree")
    return git(repo, "commit-tree", tree, "-p", line, "-p", head, "-m", "merge a topic")


def _tree(repo: Path, archive: bytes) -> str:
    """Return the tree of a source release."""
    with tempfile.TemporaryDirectory(dir=repo.parent) as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        (top,) = Path(folder).iterdir()
        shutil.rmtree(next(top.rglob("*.egg-info"), top / "none"), ignore_errors=True)
        git(repo, "read-tree", "--empty")
        git(repo, f"--work-tree={top}", "add", "-A", "-f", ".")
    return git(repo, "write-tree")


def _releases() -> list[bytes]:
    """Return consecutive source releases, fetched by pip once into .bench."""
    kept = BENCH / "releases"
    kept.mkdir(parents=True, exist_ok=True)
    archives = []
    for number in range(FIRST[2], FIRST[2] + RELEASES):
        version = f"{FIRST[0]}.{FIRST[1]}.{number}"
        if not list(kept.glob(f"*-{version}.tar.gz")):
            _fetch(version, kept)
        (path,) = kept.glob(f"*-{version}.tar.gz")
        archives.append(path.read_bytes())
    return archives


def _fetch(version: str, folder: Path) -> None:
    words = ("download", "-q", "--no-deps", "--no-binary", PROJECT, "-d", str(folder))
    subprocess.run(
        [sys.executable, "-m", "pip", *words, f"{PROJECT}=={version}"],
        env=environment(), check=True, timeout=180,
    )  # fmt: skip
