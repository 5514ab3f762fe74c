"""Setup of a new worktree by orch.toml: copies, links, and a command."""

import json
import os
import shutil

from orch import process
from orch.git import changes, merges, removing, repository, salvage, worktrees
from orch.git import names as git_names
from orch.model import Workspace
from schema import file
from schema.failures import Failure, invalid_input
from schema.json_text import dumps
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orch.config.model import Config

_TAIL = 4000
_SETUP = "setup "  # Before the digest of what the setup command left, "" for a file it deleted.
_MOST = 2000


class Placed(Value):
    """What lies in a new worktree and is nobody's work; what there is to say of it.

    `names` are those of orch.toml, `loose` those that git would take for new files.
    """

    files: dict[str, str] = own(factory=dict)
    names: list[str] = own(factory=list)
    loose: list[str] = own(factory=list)
    notes: list[str] = own(factory=list)

    def add(self, name: str, path: str, target: str) -> None:
        """Note one file or link that was put at `target` for `name` of orch.toml."""
        self.files[path] = digest(target)
        if name not in self.names:
            self.names.append(name)


def place(top: str, worktree: str, settings: "Config") -> Placed:
    """Copy and link what orch.toml names: files, or folders with all that is in them.

    Never replaces what git put there; what is left out is noted.
    Raises: invalid_input for a source that leads out of the repository.
    """
    placed = Placed()
    for name in settings.copy:
        _copy(top, worktree, name, placed)
    for name in settings.link:
        source = _inside(top, name)
        target = os.path.join(worktree, name)
        if not os.path.exists(source):
            placed.notes.append(f"[worktree] link: {name} is not there")
        elif not os.path.lexists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(source, target)
            placed.add(name, name, target)
    return placed


def _copy(top: str, worktree: str, name: str, placed: Placed) -> None:
    if not os.path.lexists(_inside(top, name)):
        placed.notes.append(f"[worktree] copy: {name} is not there")
    for path in _below(top, name):
        source, target = os.path.join(top, path), os.path.join(worktree, path)
        if os.path.lexists(target):
            continue
        if not os.path.isfile(source) and not os.path.islink(source):
            placed.notes.append(f"[worktree] copy: {path} is not a regular file and was left out")
            continue
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target, follow_symlinks=False)
            shutil.copymode(source, target, follow_symlinks=False)
        except OSError as error:
            placed.notes.append(f"[worktree] copy: {path} was left out: {error.strerror}")
            continue
        placed.add(name, path, target)


def _below(top: str, name: str) -> "Iterator[str]":
    """Yield the path of a file, or of each in a folder: never the store's or a repository's."""
    whole = os.path.join(top, name)
    if not os.path.isdir(whole) or os.path.islink(whole):
        if os.path.lexists(whole):
            yield os.path.normpath(name)
        return
    for folder, folders, files in os.walk(whole):
        folders[:] = sorted(f for f in folders if f not in (".git", file.STORE_FOLDER))
        links = [f for f in folders if os.path.islink(os.path.join(folder, f))]
        for found in sorted((*files, *links)):
            yield os.path.relpath(os.path.join(folder, found), top)


def take_baseline(worktree: repository.Repository, placed: Placed) -> None:
    """Note what the setup command left: while unchanged it is not the task's work.

    Also says which placed paths no ignore pattern covers, since `git add -A` takes those.
    """
    seen = changes.status(worktree)
    bare = {path for path in seen.untracked if path in placed.files}
    loose = [name for name in placed.names if any(_is_in(path, name) for path in bare)]
    placed.loose = loose
    if loose:
        placed.notes.append(
            f"no ignore pattern covers {', '.join(loose)} (one that ends in / matches no link): "
            "they are not to be committed, and do not land"
        )
    left = [p for p in seen.files if p not in placed.files and not p.endswith("/")]
    if not left:
        return
    names = ", ".join(map(git_names.display, left[:5])) + (", …" if len(left) > 5 else "")
    text = f"the setup command left {many(len(left), 'file')} changed or new: {names}"
    if len(left) > _MOST:
        placed.notes.append(f"{text}; too many to know apart from work: let git ignore them")
        return
    for path in left:
        target = os.path.join(worktree.top, path)
        if os.path.islink(target) or os.path.isfile(target):
            placed.files[path] = _SETUP + digest(target)
        elif not os.path.lexists(target):
            placed.files[path] = _SETUP
    placed.notes.append(f"{text}; while unchanged they do not count as the task's work")


def _is_in(path: str, name: str) -> bool:
    name = os.path.normpath(name)
    return path == name or path.startswith(name + "/")


def digests(placed: dict[str, str]) -> dict[str, str]:
    """Return placed paths with their digests alone."""
    return {path: value.removeprefix(_SETUP) for path, value in placed.items()}


def committed(placed: dict[str, str], changed: "Iterable[merges.PathChange]") -> list[str]:
    """Return which of the changed paths of some work were put there, and are not the work's.

    Of what the setup command left only new files: a lock file that it rewrites may be the work's.
    """
    return [
        change.path
        for change in changed
        if change.path in placed
        and change.status != "D"
        and (change.status == "A" or not placed[change.path].startswith(_SETUP))
    ]


def _inside(top: str, name: str) -> str:
    source = os.path.join(top, name)
    if os.path.commonpath((os.path.realpath(source), os.path.realpath(top))) != os.path.realpath(
        top
    ):
        raise invalid_input(f"orch.toml: {name} leads out of the repository", reason="file")
    return source


def digest(path: str) -> str:
    """Return the sha256 of a file's content, of a link's target."""
    import hashlib

    if os.path.islink(path):
        return hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
    with open(file.open_regular(path), "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def unchanged(worktree: str, placed: dict[str, str]) -> tuple[str, ...]:
    """Return the placed paths that are still as they were put: they do not count as work."""
    wanted = digests(placed)
    return tuple(name for name in wanted if _now(os.path.join(worktree, name)) == wanted[name])


def _now(path: str) -> str | None:
    """Return the digest of what lies there, "" for nothing, None for what has none."""
    if not os.path.lexists(path):
        return ""
    try:
        return digest(path) if os.path.isfile(path) or os.path.islink(path) else None
    except (Failure, OSError):
        return None


def expected(top: str, worktree: str, settings: "Config") -> str:
    """Return as `place` would what a killed one had put there: the same bytes, the same links."""
    names = [*(path for name in settings.copy for path in _below(top, name)), *settings.link]
    wanted = {
        name: os.path.join(top, name)
        for name in names
        if os.path.lexists(os.path.join(worktree, name))
    }
    found: dict[str, str] = {}
    for name, source in wanted.items():
        target = os.path.join(worktree, name)
        if os.path.islink(target):
            copied = os.path.islink(source) and os.readlink(target) == os.readlink(source)
            if copied or os.readlink(target) == source:
                found[name] = digest(target)
        elif os.path.isfile(source) and os.path.isfile(target) and digest(source) == digest(target):
            found[name] = digest(target)
    return dumps(found)


def setup(worktree: str, settings: "Config") -> None:
    """Run the setup command in the worktree. Raises: invalid_state/unsupported with its tail."""
    if not settings.setup:
        return
    done = process.run(
        settings.setup,
        cwd=worktree,
        environment=process.environment(settings.environment),
        timeout=settings.setup_timeout,
    )
    if done.exit_status != 0:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"the setup command of orch.toml failed ({done.verdict}); no worktree was left",
            hint="run it by hand in a worktree of your own and fix it",
            details={"command": settings.setup, "output": done.tail[-_TAIL:]},
        )


def discard(repo: repository.Repository, made: Workspace) -> None:
    """Remove a finished worktree that was never handed over.

    Whatever is in it beyond what we put there is kept under a salvage ref first.
    """
    copies = digests(json.loads(made.placed_files))
    try:
        removing.remove_worktree(repo, made.worktree_path, copies=copies, nested_too=True)
    except Failure as refusal:
        is_gone = refusal.reason == "repository" and not os.path.lexists(made.worktree_path)
        if not is_gone:  # Else another process took it away, and may be killed before the rest.
            _discard_kept(repo, made, refusal)
    worktrees.delete_branch(repo, made.branch_name, made.start)
    drop_empty(made.worktree_path, made.workspace_root)


def _discard_kept(repo: repository.Repository, made: Workspace, refusal: Failure) -> None:
    if refusal.reason != "work_at_risk":
        raise refusal
    ref = salvage.SALVAGE + made.branch_name.removeprefix("orch/")
    worktree = repository.linked_worktree(repo, made.worktree_path)
    salvage.save_salvage(worktree, ref, why="a dispatch that was not confirmed")
    removing.remove_worktree(repo, made.worktree_path, salvage=ref, nested_too=True)


def drop_empty(path: str, root: str) -> None:
    """Remove the folders between a worktree that is gone and its root, as far as empty."""
    folder = os.path.dirname(path)
    while root and folder.startswith(root + "/"):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
