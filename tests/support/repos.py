"""Real repositories for tests: hermetic environment, plain builders, canaries.

A canary is a program that leaves a file in `canaries/` when anything runs it; a hostile
repository is full of them, and `fired` says which sang.
"""

import os
import shutil
import subprocess
from pathlib import Path

WHEN = "2024-01-02T03:04:05 +0000"


def hermetic(monkeypatch, home: Path) -> None:
    """Give this process and its children an empty home and no GIT_* variable."""
    home.mkdir(parents=True, exist_ok=True)
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))


class Repo:
    """A real repository with a checkout at `path`; `git(...)` is the plain program.

    Empty, or a copy of the one at `like`, which nobody may change later.
    """

    def __init__(
        self,
        path: Path,
        *,
        bare: bool = False,
        object_format: str = "sha1",
        like: Path | None = None,
    ) -> None:
        self.path = Path(os.path.realpath(path.parent)) / path.name
        if like is not None:
            shutil.copytree(like, self.path, symlinks=True)
            return
        self.path.mkdir(parents=True)
        kind = ["--bare"] if bare else []
        self.git("init", "-q", "-b", "main", f"--object-format={object_format}", *kind)

    def git(self, *args: str, cwd: Path | None = None, ok: bool = True, feed: str = "") -> str:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@t",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@t",
            "GIT_AUTHOR_DATE": WHEN,
            "GIT_COMMITTER_DATE": WHEN,
            "LC_ALL": "C",
        }
        done = subprocess.run(
            ["git", *args],
            cwd=cwd or self.path,
            env=env,
            input=feed.encode(),
            capture_output=True,
        )
        if ok and done.returncode:
            raise AssertionError((args, done.stderr.decode(errors="replace")))
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, name: str, text: str = "", *, cwd: Path | None = None) -> Path:
        path = (cwd or self.path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self, name: str = "a.txt", text: str = "a\n", *, cwd: Path | None = None) -> str:
        """Write one file and commit everything; return the commit."""
        self.write(name, text, cwd=cwd)
        self.git("add", "-A", cwd=cwd)
        self.git("commit", "-q", "-m", f"write {name}", cwd=cwd)
        return _head(cwd or self.path) or self.git("rev-parse", "HEAD", cwd=cwd)

    def branch(self, name: str, start: str = "HEAD") -> None:
        self.git("checkout", "-q", "-b", name, start)

    def refs(self) -> dict[str, str]:
        rows = self.git("for-each-ref", "--format=%(refname) %(objectname)").split("\n")
        return dict(row.split(" ") for row in rows if row)


def _head(checkout: Path) -> str:
    """Read the commit of HEAD from its files, "" where it takes git to find it."""
    place = checkout / ".git"
    if place.is_file():
        place = Path(place.read_text().removeprefix("gitdir: ").strip())
    try:
        head = (place / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        common = place / "commondir"
        shared = place / common.read_text().strip() if common.exists() else place
        return (shared / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return ""


def begun(kept: Path) -> Path:
    """Return the folder of a repository with one commit, made where nobody made it yet."""
    if not kept.exists():
        Repo(kept).commit("README", "hello\n")
    return kept


def spread(repo: Repo, count: int = 30) -> str:
    """Commit a few files in a few folders; return the commit."""
    for number in range(count):
        repo.write(f"d{number % 5}/f{number}.txt", f"{number}\n" * 20)
    return repo.commit("README", "hello\n")


class Canaries:
    """Programs that tell when they are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sung = folder / "sung"
        self.sung.mkdir(parents=True)
        self.names: list[str] = []

    def program(self, name: str, *, then: str = "exit 0") -> str:
        """Return the path of a script that marks `name` as fired."""
        path = self.folder / f"canary-{len(self.names)}.sh"
        path.write_text(f"#!/bin/sh\n: > '{self.sung}/{name}'\n{then}\n")
        path.chmod(0o755)
        self.names.append(name)
        return str(path)

    @property
    def fired(self) -> list[str]:
        return sorted(p.name for p in self.sung.iterdir())

    def silence(self) -> None:
        for path in self.sung.iterdir():
            path.unlink()


HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit"),
    *("prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout"),
    *("post-merge", "pre-push", "pre-receive", "update", "proc-receive", "post-receive"),
    *("post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite"),
    *("sendemail-validate", "fsmonitor-watchman", "post-index-change"),
)


def plant(repo: Repo, birds: Canaries) -> None:
    """Fill the repository's own files with everything that could run a program."""
    common = repo.path / ".git"
    (common / "hooks").mkdir(exist_ok=True)
    for hook in HOOKS:
        os.symlink(birds.program(f"hook {hook}"), common / "hooks" / hook)
    elsewhere = birds.folder / "hooks"
    elsewhere.mkdir()
    for hook in HOOKS:
        os.symlink(birds.program(f"hooksPath {hook}"), elsewhere / hook)
    cat = "exec cat"
    settings = {
        "core.hooksPath": str(elsewhere),
        "core.fsmonitor": birds.program("core.fsmonitor"),
        "core.sshCommand": birds.program("core.sshCommand"),
        "core.editor": birds.program("core.editor"),
        "sequence.editor": birds.program("sequence.editor"),
        "core.pager": birds.program("core.pager"),
        "core.askPass": birds.program("core.askPass"),
        "core.gitProxy": birds.program("core.gitProxy"),
        "core.alternateRefsCommand": birds.program("core.alternateRefsCommand"),
        "diff.external": birds.program("diff.external"),
        "interactive.diffFilter": birds.program("interactive.diffFilter"),
        "gpg.program": birds.program("gpg.program"),
        "gpg.ssh.program": birds.program("gpg.ssh.program"),
        "gpg.ssh.defaultKeyCommand": birds.program("gpg.ssh.defaultKeyCommand"),
        "gpg.format": "ssh",
        "user.signingKey": "key::ssh-ed25519 AAAA",
        "commit.gpgSign": "true",
        "tag.gpgSign": "true",
        "log.showSignature": "true",
        "merge.verifySignatures": "true",
        "credential.helper": "!" + birds.program("credential.helper"),
        "uploadpack.packObjectsHook": birds.program("uploadpack.packObjectsHook"),
        "merge.default": "evil",
        "submodule.recurse": "true",
        "status.submoduleSummary": "true",
        "diff.submodule": "log",
        "submodule.sub.update": "!" + birds.program("submodule.update"),
        "submodule.sub.url": "ext::" + birds.program("submodule.url"),
        "protocol.ext.allow": "always",
        "remote.origin.url": "ext::" + birds.program("remote.url"),
        "remote.origin.uploadpack": birds.program("remote.uploadpack"),
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "gc.auto": "1",
        "gc.recentObjectsHook": birds.program("gc.recentObjectsHook"),
        "maintenance.auto": "true",
        "trailer.x.command": birds.program("trailer.command"),
        "trailer.x.ifmissing": "add",
        "hook.evil.event": "reference-transaction",
        "hook.evil.command": birds.program("config hook"),
        "core.repositoryFormatVersion": "1",
        "extensions.worktreeConfig": "true",
        "include.path": str(birds.folder / "included"),
    }
    for verb in ("status", "worktree", "reset", "merge-tree", "rev-parse", "diff-tree", "log"):
        settings[f"alias.{verb}"] = "!" + birds.program(f"alias.{verb}")
        settings[f"pager.{verb}"] = birds.program(f"pager.{verb}")
    for name in ("evil", "a=b", "with.dot", "sp ace"):
        settings[f"filter.{name}.clean"] = birds.program(f"{name} clean", then=cat)
        settings[f"filter.{name}.smudge"] = birds.program(f"{name} smudge", then=cat)
        settings[f"filter.{name}.process"] = birds.program(f"{name} process", then="exit 1")
        settings[f"merge.{name}.driver"] = birds.program(f"{name} merge")
        settings[f"diff.{name}.command"] = birds.program(f"{name} diff command")
        settings[f"diff.{name}.textconv"] = birds.program(f"{name} textconv", then='cat "$1"')
    included = birds.folder / "included"
    fsmonitor, clean = birds.program("included fsmonitor"), birds.program("included", then=cat)
    included.write_text(
        f"[core]\n\tfsmonitor = {fsmonitor}\n"
        f'[filter "inc"]\n\tclean = {clean}\n\tsmudge = {clean}\n'
    )
    (common / "info").mkdir(exist_ok=True)
    (common / "info" / "attributes").write_text(ATTRIBUTES)
    with (common / "config").open("a") as file:
        for key, value in settings.items():
            section, _, rest = key.partition(".")
            middle, _, last = rest.rpartition(".")
            head = f'[{section} "{middle}"]' if middle else f"[{section}]"
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'{head}\n\t{last} = "{quoted}"\n')
    private = birds.program("config.worktree filter", then=cat)
    (common / "config.worktree").write_text(
        f'[filter "wt"]\n\tclean = {private}\n\tsmudge = {private}\n'
        f"[core]\n\tfsmonitor = {birds.program('config.worktree fsmonitor')}\n"
    )


ATTRIBUTES = """\
*.txt filter=evil merge=evil diff=evil
*.md filter=a=b merge=a=b diff=a=b
*.inc filter=inc diff=with.dot merge=with.dot
*.wt filter=wt
"""
