"""Histories to replay: the merges of a real repository, or one made of real releases.

No clone of a public repository can be had where only a package index is reachable. So the default
is made: consecutive source releases of one project, each step between two of them cut into topics
by directory, each topic branched off one release too early and merged by plain git. What is
generated or packed in some releases only is left out; what a release itself writes (its version,
the changelog) is a direct commit after the merges of its step. Texts, sizes, renames and overlaps
are real; who wrote what when is not.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.installed import BENCH, environment
from tests.release import SAFELY

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
_GENERATED = ("doc/[!b]*", "PKG-INFO", "lib/*.egg-info")
_PACKED_AT_TIMES = (
    ".g*", ".pre-commit*", "lib/**/.gitignore", "mypy_plugin.ini", "reap_dbs.py",
    "regen_callcounts.tox.ini", "test/profiles.txt", "doc/build/orm/*.jpg",
)  # fmt: skip
_CHANGELOGS = "doc/build/changelog/(changelog|unreleased)_"
_VERSIONS = {
    "lib/sqlalchemy/__init__.py": r"(?m)^__version__ = .*$",
    "doc/build/conf.py": r"(?m)^release(?:_date)? = .*$",
}
_GROUPS = ("lib", "test")  # First, in this order.


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


def needs(repo: Path, topics: list[Topic]) -> dict[str, list[str]]:
    """Return the topics that each one builds on: those on the line where it left it.

    What one of them needs itself is left out.
    """
    line = git(repo, "rev-list", "--first-parent", topics[-1].merge).split("\n")
    place = {commit: -at for at, commit in enumerate(line)}
    found: dict[str, list[str]] = {}
    below: dict[str, set[str]] = {}
    for topic in topics:
        left = place.get(topic.base, -len(line))
        under = [other.name for other in topics if place[other.merge] <= left]
        covered = {name for other in under for name in below[other]}
        found[topic.name] = [name for name in under if name not in covered]
        below[topic.name] = set(under)
    return found


def coarse(path: str) -> str:
    """Return the topic of a changed file: the library, its tests, everything else."""
    top = path.partition("/")[0]
    return top if top in _GROUPS else "rest"


def fine(path: str) -> str:
    """Return the topic of a changed file, as several people would share a release."""
    folder = path.split("/")[:-1]
    return "/".join(folder[: 3 if folder[:1] == ["lib"] else 2]) or "rest"


def make(folder: Path, cut: Callable[[str], str] = coarse, releases: int = RELEASES) -> Path:
    """Return a repository of real releases; its first-parent line is their steps, in topics.

    A step is the merges of its topics, which `cut` tells of each file, and one direct commit of
    what the release itself writes.
    """
    repo = folder / "made"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    trees = [_tree(repo, archive) for archive in _releases(releases)]
    tips = [git(repo, "commit-tree", trees[0], "-m", "the first release")]
    line = tips[0]
    for number, new in enumerate(trees[1:], 1):
        early = tips[max(0, number - 2)]
        wanted = _with_release_of(repo, early, new)
        old = _with_release_of(repo, early, tips[-1])
        for group, rows in _changes(repo, old, wanted, cut).items():
            head = _topic(repo, early, rows, f"release {number}: {group}")
            line = _merge(repo, line, head, new)
        released = _with_release_of(repo, new, line)
        line = git(repo, "commit-tree", released, "-p", line, "-m", f"release {number}")
        tips.append(line)
    git(repo, "update-ref", "refs/heads/main", line)
    git(repo, "reset", "-q", "--hard")
    return repo


def _with_release_of(repo: Path, release: str, tree: str) -> str:
    """Return a tree whose version lines and changelogs are those of another."""
    rows = [f"0 {'0' * 40}\t{path}" for path in _changelogs(repo, tree)]
    rows += _changelogs(repo, release).values()
    for path, pattern in _VERSIONS.items():
        lines = iter(re.findall(pattern, git(repo, "show", f"{release}:{path}")))
        text = re.sub(pattern, lambda _, of=lines: next(of), git(repo, "show", f"{tree}:{path}"))
        oid = git(repo, "hash-object", "-w", "--stdin", feed=os.fsencode(text + "\n"))
        rows.append(f"100644 {oid}\t{path}")
    git(repo, "read-tree", tree)
    _put(repo, rows)
    return git(repo, "write-tree")


def _changelogs(repo: Path, tree: str) -> dict[str, str]:
    found = _files(repo, tree, "doc/build/changelog/")
    return {path: row for path, row in found.items() if re.match(_CHANGELOGS, path)}


def _files(repo: Path, tree: str, *paths: str) -> dict[str, str]:
    """Return a tree's files at some paths, each as a row that the index takes."""
    listed = git(repo, "ls-tree", "-r", "-z", tree, "--", *paths).split("\0")
    return {row.partition("\t")[2]: row.replace(" blob ", " ", 1) for row in listed if row}


def _put(repo: Path, rows: list[str]) -> None:
    """Write rows into the index."""
    git(repo, "update-index", "-z", "--index-info", feed=os.fsencode("\0".join(rows) + "\0"))


def _changes(repo: Path, old: str, new: str, cut: Callable[[str], str]) -> dict[str, list[str]]:
    """Return the rows for the index that make `old` into `new`, by topic."""
    changed = git(repo, "diff-tree", "-r", "--no-renames", "-z", old, new).split("\0")
    found: dict[str, list[str]] = {}
    for meta, path in zip(changed[::2], changed[1::2], strict=False):
        _, mode, _, oid, status = meta.split(" ")
        row = f"0 {'0' * 40}\t{path}" if status == "D" else f"{mode} {oid}\t{path}"
        found.setdefault(cut(path), []).append(row)
    order = {group: at for at, group in enumerate(_GROUPS)}
    return {group: found[group] for group in sorted(found, key=lambda g: (order.get(g, 9), g))}


def _topic(repo: Path, early: str, rows: list[str], what: str) -> str:
    """Return a commit on `early` with those rows."""
    git(repo, "read-tree", early)
    _put(repo, rows)
    tree = git(repo, "write-tree")
    return git(repo, "commit-tree", tree, "-p", early, "-m", what)


def _merge(repo: Path, line: str, head: str, resolved: str) -> str:
    """Return the merge; what conflicts is resolved as the release has it."""
    said = git(repo, "merge-tree", "--write-tree", "-z", "--name-only", line, head, ok=(0, 1))
    tree, *names = said.split("\0")
    in_conflict = names[: names.index("")] if "" in names else []
    if in_conflict:
        git(repo, "read-tree", tree)
        there = _files(repo, resolved, *in_conflict)
        _put(repo, [there.get(path, f"0 {'0' * 40}\t{path}") for path in in_conflict])
        tree = git(repo, "write-tree")
    return git(repo, "commit-tree", tree, "-p", line, "-p", head, "-m", "merge a topic")


def _tree(repo: Path, archive: bytes) -> str:
    """Return the tree of a source release, without what was generated for it."""
    with tempfile.TemporaryDirectory(dir=repo.parent) as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, **SAFELY)
        (top,) = Path(folder).iterdir()
        for path in [
            found for pattern in (*_GENERATED, *_PACKED_AT_TIMES) for found in top.glob(pattern)
        ]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        git(repo, "read-tree", "--empty")
        git(repo, f"--work-tree={top}", "add", "-A", "-f", ".")
    return git(repo, "write-tree")


def _releases(count: int) -> list[bytes]:
    """Return consecutive source releases, fetched by pip once into .bench."""
    kept = BENCH / "releases"
    kept.mkdir(parents=True, exist_ok=True)
    archives = []
    for number in range(FIRST[2], FIRST[2] + count):
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
