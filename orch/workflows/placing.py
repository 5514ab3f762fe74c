"""What orch.toml puts into a new worktree: copies, links, and a setup command."""

import json
import os
import shutil

from orch import git, process
from orch.model import Workspace
from schema import file
from schema.failures import Failure, invalid_input
from schema.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config_model import Config

_TAIL = 4000


def place(top: str, worktree: str, settings: "Config") -> str:
    """Copy and link what orch.toml names; return {path: digest} as JSON.

    Never replaces what git put there; a source that does not exist is left out.
    Raises: invalid_input for a source that leads out of the repository.
    """
    placed: dict[str, str] = {}
    for name in settings.copy:
        source = _inside(top, name)
        if os.path.isfile(source) and not os.path.lexists(os.path.join(worktree, name)):
            target = os.path.join(worktree, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target, follow_symlinks=False)
            shutil.copymode(source, target)
            placed[name] = digest(target)
    for name in settings.link:
        source = _inside(top, name)
        target = os.path.join(worktree, name)
        if os.path.exists(source) and not os.path.lexists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(source, target)
            placed[name] = digest(target)
    return dumps(placed)


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
    paths = {name: os.path.join(worktree, name) for name in placed}
    return tuple(
        name
        for name, path in paths.items()
        if (os.path.isfile(path) or os.path.islink(path)) and digest(path) == placed[name]
    )


def expected(top: str, worktree: str, settings: "Config") -> str:
    """Return as `place` would what a killed one had put there: the same bytes, the same links."""
    wanted = {
        name: os.path.join(top, name)
        for name in (*settings.copy, *settings.link)
        if os.path.lexists(os.path.join(worktree, name))
    }
    found: dict[str, str] = {}
    for name, source in wanted.items():
        target = os.path.join(worktree, name)
        if os.path.islink(target):
            if os.readlink(target) == source:
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
            hint="run it by hand in a worktree of your own and mend it",
            details={"command": settings.setup, "output": done.tail[-_TAIL:]},
        )


def discard(repo: git.Repository, made: Workspace) -> None:
    """Remove a finished worktree that was never handed over.

    Whatever is in it beyond what we put there is kept under a salvage ref first.
    """
    copies: dict[str, str] = json.loads(made.placed_files)
    try:
        git.remove_worktree(repo, made.worktree_path, copies=copies, nested_too=True)
    except Failure as refusal:
        if refusal.reason != "work_at_risk":
            raise
        ref = git.SALVAGE + made.branch_name.removeprefix("orch/")
        worktree = git.linked_worktree(repo, made.worktree_path)
        git.save_salvage(worktree, ref, why="a dispatch that was not confirmed")
        git.remove_worktree(repo, made.worktree_path, salvage=ref, nested_too=True)
    git.delete_branch(repo, made.branch_name, made.start)
    drop_empty(made.worktree_path, made.workspace_root)


def drop_empty(path: str, root: str) -> None:
    """Remove the folders between a worktree that is gone and its root, as far as empty."""
    folder = os.path.dirname(path)
    while root and folder.startswith(root + "/"):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
