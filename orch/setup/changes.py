"""Changes of a setup: what becomes of each file; then all of it is written, or nothing."""

import difflib
import os

from orch.setup import blocks, files, hooks, servers
from orch.setup.model import Broken, FileEdit, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.setup.catalog import Agent

_LONGEST_DIFF = 40_000


class SetupRequest:
    """What is asked for: setting up or taking out, and whether edits of ours may be lost.

    Links may lead anywhere below `bounds`: the repository, or all of a person's home.
    """

    __slots__ = ("agent", "bounds", "force", "kept", "mcp", "remove", "root", "version")

    def __init__(self, agent: "Agent", root: str, version: str, remove: bool, force: bool) -> None:
        self.agent = agent
        self.root = self.bounds = root
        self.version = version
        self.remove = remove
        self.mcp = False
        self.force = force
        self.kept: dict[str, list[str]] = {}  # Who else has a file: sharing.py.


def plan(request: SetupRequest, targets: list[Target]) -> list[FileEdit]:
    """Return one change per file; `conflict` with its reason for those that must not be touched.

    Two names of one file (CLAUDE.md linked to AGENTS.md) give one change.
    """
    found: dict[str, FileEdit] = {}
    for target in targets:
        path = os.path.join(target.base, target.name)
        change = FileEdit(path, path, None, 0)
        try:
            change = files.look(request.bounds, path)
            if change.real in found:
                continue
            if request.remove and change.real in request.kept:
                change.why = f"stays: {', '.join(request.kept[change.real])} uses it too"
            else:
                _decide(request, target, change)
            if change.new != change.old and (why := files.obstacle(change)):
                raise Broken(why)
        except Broken as broken:
            change.new, change.action, change.why = change.old, "conflict", str(broken)
        found[change.real] = change
    return list(found.values())


def _decide(request: SetupRequest, target: Target, change: FileEdit) -> None:
    try:
        change.new = _RULES[target.kind](request, target.content, change)
    except hooks.Edited as event:
        raise Broken(f"our entry for {event} was edited: {_KEEP}")
    if change.new != change.old:
        change.action = (
            "removed" if request.remove else "updated" if change.old is not None else "created"
        )
        if request.remove:
            change.why = f"{_OURS[target.kind]}; " + (
                "nothing else was in the file" if change.new is None else "the rest of it stays"
            )


_OURS = {
    "block": "the block of orch setup", "skill": "a skill of orch setup",
    "file": "hooks of orch setup", "hooks": "the hooks of orch setup",
    "server": "the server of orch setup",
}  # fmt: skip
_KEEP = "keep it, or take ours with --force"


def _block(request: SetupRequest, text: object, change: FileEdit) -> bytes | None:
    old = change.old
    if old is None:
        return None if request.remove else blocks.fresh(str(text), request.version)
    blocks.require_text(old)
    found = blocks.find(old)
    if found is not None and found.edited and not request.force:
        raise Broken(f"our block was edited: {_KEEP}")
    if request.remove:
        rest = blocks.take(old) if found is not None else old
        return None if found is not None and not rest and old.endswith(b"\n") else rest
    if found is not None and not found.edited and blocks.current(found, str(text)):
        return old
    return blocks.put(old, str(text), request.version)


def _skill(request: SetupRequest, text: object, change: FileEdit) -> bytes | None:
    wanted = blocks.sealed(str(text), request.version)
    if change.old is None:
        return None if request.remove else wanted
    own = blocks.unseal(change.old)
    if own is None:
        return _foreign(request, change)
    if own[1] and not request.force:
        raise Broken(f"our skill was edited: {_KEEP}")
    if request.remove:
        return None
    return change.old if own[0].replace(b"\r\n", b"\n") == str(text).encode() else wanted


def _file(request: SetupRequest, text: object, change: FileEdit) -> bytes | None:
    wanted = str(text).encode()
    if change.old is None:
        return None if request.remove else wanted
    if change.old == wanted or request.force:
        return None if request.remove else wanted
    raise Broken(f"is not as setup writes it: {_KEEP}")


def _foreign(request: SetupRequest, change: FileEdit) -> bytes | None:
    if request.remove:
        return change.old
    raise Broken("is a skill of that name which is not ours: move it away first")


def _hooks(request: SetupRequest, entries: object, change: FileEdit) -> bytes | None:
    assert isinstance(entries, dict)
    comments = request.agent.comments
    if not request.remove:
        return hooks.put(change.old, entries, comments, request.force)
    return (
        change.old
        if change.old is None
        else hooks.take(change.old, entries, comments, request.force)
    )


def _server(request: SetupRequest, entry: object, change: FileEdit) -> bytes | None:
    assert isinstance(entry, servers.ServerEntry)
    comments = request.agent.comments
    if not request.remove:
        return servers.put(change.old, entry, comments, request.force)
    return change.old and servers.take(change.old, entry, comments, request.force)


_RULES = {"server": _server, "block": _block, "skill": _skill, "file": _file, "hooks": _hooks}


def carry_out(root: str, changes: list[FileEdit]) -> None:
    """Write all changes; where one fails, the others are undone. Raises: Broken naming the file."""
    done: list[tuple[FileEdit, list[str]]] = []
    for change in changes:
        if change.new == change.old:
            continue
        try:
            done.append((change, files.write(change)))
        except (OSError, Broken) as error:
            for written, made in reversed(done):
                _undo(written, made)
            why = f"cannot be written: {error.strerror}" if isinstance(error, OSError) else error
            raise Broken(f"{change.shown} {why}")
    for change, _ in done:
        if change.new is None:
            files.prune(change, root)


def _undo(change: FileEdit, made: list[str]) -> None:
    back = FileEdit(change.path, change.real, change.new, change.mode)
    back.new = change.old
    try:
        files.write(back)
        for folder in made:
            os.rmdir(folder)
    except (OSError, Broken):
        pass  # Somebody else works there: his file stays.


def diff(changes: list[FileEdit]) -> str:
    """Return what would change as a unified diff."""
    lines: list[str] = []
    for change in changes:
        before = (change.old or b"").decode("utf-8", "backslashreplace").splitlines(True)
        after = (change.new or b"").decode("utf-8", "backslashreplace").splitlines(True)
        for line in difflib.unified_diff(
            before,
            after,
            change.shown if change.old is not None else "/dev/null",
            change.shown if change.new is not None else "/dev/null",
        ):
            lines.append(line.rstrip("\r\n"))
    text = "\n".join(lines)
    return text if len(text) <= _LONGEST_DIFF else text[:_LONGEST_DIFF] + "\n… (cut)"
