"""Guard of a person's word: it is refused to a process that gives itself away as an agent's.

It is given away by its environment, by an ancestor that is a turn's process, or by a working
It is given away by its environment, by an ancestor that is a turn's process, or by a working
directory where an attempt works: worktree, place, folder for results, by whatever name. This guards
against mistakes, not against malice: a process that leaves its session and its environment is not
recognised (docs/guide/policy.md).
"""

import os

from orch import process, process_identity
from orch.harness import orphans
from orch.store import attempts, turns
from schema.failures import Failure
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import Database

# What only programs that orch started carry: an agent's turn, its lease, a check or a setup.
_TURN = orphans.MARK
_MARKS = (_TURN, "INBOX_LEASE", process.MARK)


def require_outside_attempt(db: "Database", words: str) -> None:
    """Raise refused/approval_required for a person's word (`words`) said inside an attempt.

    Every way to say one asks here: commands (orch/cli/persons.py), and whatever else lets
    somebody decide.
    """
    require_clean_environment(words)
    boot = process_identity.mine(db.machine)[2]
    chain = [(pid, start, boot) for pid, start, _ in process_identity.ancestors()]
    marks = {mark for pid, _, _ in chain if (mark := process_identity.began_with(pid, _TURN))}
    folder = _here()
    folders = [folder[:i] for i, c in enumerate(folder) if c == "/" and i] + [folder]
    with db.read() as tx:
        turn = turns.of_processes(tx, chain)
        worktree = attempts.at_paths(tx, folders)
        known = any(turns.is_over(tx, mark) is not None for mark in marks)
        standing = attempts.standing_paths(tx) if folder and not worktree else []
    if turn:
        raise _refusal(words, f"its process {turn} is the agent of a turn")
    if known:  # Whatever it took out of its own environment.
        raise _refusal(words, f"{_TURN} is set for a process that started this one")
    worktree = worktree or _same_place(folders, standing)
    if worktree:
        raise _refusal(words, f"{worktree} is where an attempt works")


def require_clean_environment(words: str) -> None:
    """Raise refused/approval_required where the environment is that of an attempt's program."""
    for name in _MARKS:
        if os.environ.get(name):
            raise _refusal(words, f"{name} is set")


def origin() -> "Json":
    """Return where a word came from: process, parents, terminal, directory."""
    return obj(
        pid=os.getpid(),
        parents=array(obj(pid=pid, name=name) for pid, _, name in process_identity.ancestors()),
        tty=_terminal() or None,
        cwd=_here(),
    )


def is_on_terminal() -> bool:
    """Say whether somebody sits at standard input."""
    return bool(_terminal())


def _terminal() -> str:
    try:
        return os.ttyname(0)
    except OSError:
        return ""


def _here() -> str:
    try:
        return os.path.realpath(os.getcwd())
    except OSError:
        return ""  # It was removed.


def _same_place(folders: list[str], standing: list[str]) -> str:
    """Return the one of `standing` that is one of the folders under another name, "" for none."""
    known = {identity for path in folders if (identity := _identity(path))}
    return next((path for path in standing if _identity(path) in known), "")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refusal(words: str, why: str) -> Failure:
    return Failure(
        "refused",
        "approval_required",
        f"orch {words} is a person's word, and this is inside an attempt: {why}",
        hint="a person must say this outside the attempt",
        details={"inside": why},
    )
