"""One repository, named by its own paths, and the one way to run git on it.

Owns opening, linked worktrees, the lock around changes of topology, and the switching
off of drivers by name. Guarantees: every call names --git-dir, --work-tree and
GIT_COMMON_DIR from the Repository, so neither a swapped `.git` or `commondir` file nor
the caller's environment sends git elsewhere.
"""

import contextlib
import os
import shlex
import stat
import time
from dataclasses import dataclass

from orch.git import config_files, discovery, traps
from orch.git.names import display
from orch.git.process import (
    LIST_BYTES,
    SECONDS,
    Output,
    environment,
    execute,
    failure,
    time_left,
)
from schema import file
from schema.failures import Failure, not_found
from schema.signals import heed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCK_SECONDS = 120.0
# Objects and refs that must outlive a power cut (git leaves loose objects to the kernel).
DURABLE = (("core.fsync", "committed,reference"),)
_SMALL_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout (main or linked worktree) or a bare repository. All paths are real paths.

    `top` is "" for a bare one. `git_dir` equals `common_dir` except in linked worktrees.
    """

    top: str
    git_dir: str
    common_dir: str
    object_format: str

    @property
    def is_bare(self) -> bool:
        """Whether there are no working files."""
        return not self.top

    @property
    def is_linked(self) -> bool:
        """Whether this is a linked worktree."""
        return self.git_dir != self.common_dir


def open_repository(path: str) -> Repository:
    """Return the repository that `path` (a directory) lies in; git's own safety checks apply.

    Meant for a person's directory. An attempt's worktree is `linked_worktree(repo, path)`,
    which does not ask the files in it. Raises: not_found/repository, git_error.
    """
    if not os.path.isdir(path):
        raise not_found("repository", display(path), hint="the directory does not exist")
    plain = discovery.plain_checkout(path)
    if plain:
        git_dir = os.path.join(plain, ".git")
        return Repository(plain, git_dir, git_dir, "sha1")
    # A bare repository is used only where it is named itself: one planted inside a checkout
    # is not found from within.
    bare = all(os.path.exists(os.path.join(path, n)) for n in ("HEAD", "objects", "refs"))
    safe = (("safe.bareRepository", "all" if bare else "explicit"),)
    asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--absolute-git-dir"]
    asked += ["--show-object-format", "--is-bare-repository", "--show-toplevel"]
    search = traps.Search("", (os.path.join(path, ".git"),))
    answer = execute(asked, environment(safe), path, ok=(0, 128), seconds=10, search=search)
    lines = answer.text().split("\n")
    if len(lines) < 4:
        if "not a git repository" in answer.err or "cannot use bare repository" in answer.err:
            raise not_found("repository", display(path), hint="run it inside a git repository")
        raise failure("failed", f"git refuses {path}{_whose(path, answer.err)}", asked, answer)
    common, git_dir, object_format, is_bare = lines[:4]
    if is_bare == "true":
        top = ""
    elif len(lines) > 4 and answer.code == 0:
        top = os.path.realpath(lines[4])
        _require_found(top, git_dir)
    else:
        raise not_found("repository", display(path), hint="this is inside a .git directory")
    return Repository(top, os.path.realpath(git_dir), os.path.realpath(common), object_format)


def _require_found(top: str, git_dir: str) -> None:
    """Raise invalid_state/unsupported where git finds the files, but nothing there leads back.

    core.worktree says where they are; a command in that folder would be in no repository.
    """
    if file.main_checkout(top)[0] == top:
        return
    shown, link = display(top), display(os.path.join(top, ".git"))
    raise Failure(
        "invalid_state",
        "unsupported",
        f"from {shown} nothing leads to its repository {display(git_dir)} (core.worktree)",
        hint=f"say it there: echo {shlex.quote('gitdir: ' + git_dir)} > {shlex.quote(link)}",
        details={"git_dir": display(git_dir)},
    )


def _whose(path: str, stderr: str) -> str:
    """Return in words who owns what git does not trust; else the line in which git says why."""
    if "dubious ownership" not in stderr:
        return ": " + stderr.strip().partition("\n")[0]
    import pwd

    def _name(uid: int) -> str:
        try:
            return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
        except KeyError:
            return f"uid {uid}"

    owner, me = _name(os.stat(path).st_uid), _name(os.geteuid())
    return f": dubious ownership, it belongs to {owner} and you are {me}"


def find_repository(path: str) -> Repository | None:
    """Return the repository that `path` lies in, or None."""
    try:
        return open_repository(path)
    except Failure as error:
        if error.code == "not_found":
            return None
        raise


def admin_dirs(repo: Repository) -> "Iterator[tuple[str, str]]":
    """Yield (administrative directory, worktree path or "") of each linked worktree."""
    folder = os.path.join(repo.common_dir, "worktrees")
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for name in names:
        admin = os.path.join(folder, name)
        pointer = read_small(os.path.join(admin, "gitdir"))
        path = ""
        if pointer is not None and pointer.strip():
            # Absolute, or relative to the administrative directory (git 2.48 on).
            path = os.path.dirname(os.path.normpath(os.path.join(admin, pointer.strip())))
        yield admin, path


def linked_worktree(repo: Repository, path: str) -> Repository:
    """Return the registered worktree at `path`, whatever its `.git` file says.

    Raises: not_found/repository when this repository has none there.
    """
    wanted = os.path.realpath(path)
    if wanted == repo.top:
        return repo
    known = tuple(admin_dirs(repo))
    for seen_as in (str, os.path.realpath):  # As it is written first: the rest costs a walk each.
        for admin, top in known:
            if top and seen_as(top) == wanted:
                return Repository(wanted, admin, repo.common_dir, repo.object_format)
    raise not_found("repository", display(path), hint="no worktree is registered at that path")


def is_registered(repo: Repository, path: str) -> bool:
    """Return whether the repository has a linked worktree registered at `path`."""
    try:
        return linked_worktree(repo, path).is_linked
    except Failure as error:
        if error.code != "not_found":
            raise
        return False


def read_small(path: str) -> str | None:
    """Return a small regular file's text, None when missing or anything else (never blocks)."""
    try:
        return os.fsdecode(file.read_regular(path, _SMALL_FILE, os.O_NOFOLLOW))
    except OSError:
        return None


def write_small(path: str, text: str) -> None:
    """Write a small file of ours in place; what is no regular file there gives way, unopened."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags, 0o666), "wb") as opened:
        opened.write(os.fsencode(text))


_RUN_NO_DRIVER = frozenset(
    (
        # Not update-ref: from 2.54 on git runs hooks that configuration names, there too.
        *("config", "rev-parse", "symbolic-ref", "for-each-ref", "merge-base", "rev-list"),
        *("ls-tree", "cat-file", "commit-tree", "hash-object"),
    )
)


_READ_FILES = frozenset(
    (
        *("status", "reset", "clean", "read-tree", "update-index", "ls-files", "check-attr"),
        *("diff-index", "diff-files", "merge-tree", "merge-file"),
    )
)


def call(
    repo: Repository,
    *args: str,
    stdin: bytes | None = None,
    ok: "tuple[int, ...]" = (0,),
    seconds: float = SECONDS,
    limit: int = LIST_BYTES,
    truncate: bool = False,
    lenient: bool = False,
    blanks: "tuple[tuple[str, str], ...] | None" = None,
    config: "tuple[tuple[str, str], ...]" = (),
    env: "Mapping[str, str] | None" = None,
    hold: "tuple[int, ...]" = (),
) -> Output:
    """Run one git on `repo`. Options as for `process.execute`; `config` are more overrides.

    Every filter and driver configured by name is switched off first, except for commands
    known to run none: an index is compared with files even where it is merely written. Where
    a filter is required git then fails; `lenient` takes the requirement away, for commands
    that only look. `blanks` is a fresh `drivers_off` for several calls in a row.
    Raises: refused/repo_tampered, git_error.
    """
    if args[0] != "config":
        require_pointer(repo)
    if repo.top and args[0] in _READ_FILES:
        traps.require_none(repo.top)
    if blanks is None and args[:2] != ("worktree", "list") and args[0] not in _RUN_NO_DRIVER:
        blanks = drivers_off(repo, lenient=lenient)
    config = (*config, *(blanks or ()))
    whole = environment(config, {"GIT_COMMON_DIR": repo.common_dir, **(env or {})})
    where = [f"--git-dir={repo.git_dir}"]
    if repo.top:
        where.append(f"--work-tree={repo.top}")
    cwd = repo.top if repo.top and os.path.isdir(repo.top) else repo.common_dir
    return execute(
        [*where, "--no-pager", *args],
        whole,
        cwd,
        stdin=stdin,
        ok=ok,
        seconds=seconds,
        limit=limit,
        truncate=truncate,
        hold=hold,
        search=traps.Search(repo.top, tuple({repo.git_dir, repo.common_dir})),
    )


def require_pointer(repo: Repository) -> None:
    """Check that the git directory still belongs to its common directory.

    git takes configuration and objects from GIT_COMMON_DIR, but finds refs by the
    `commondir` file all the same: a swapped one would have us write another's refs.
    Raises: refused/repo_tampered.
    """
    pointer = os.path.join(repo.git_dir, "commondir")
    found = read_small(pointer)
    wanted = repo.common_dir if repo.is_linked else None
    if found is None and not os.path.lexists(pointer):
        leads = None
    else:
        leads = os.path.realpath(os.path.join(repo.git_dir, (found or "").rstrip("\n")))
    if leads != wanted:
        raise Failure(
            "refused",
            "repo_tampered",
            f"{display(pointer)} leads to {display(str(leads))}, not to {display(str(wanted))}",
            details={"name": pointer, "old": wanted, "new": leads},
        )


_listed: "dict[tuple[object, ...], list[str]]" = {}
_MOST_LISTED = 100


def list_config(repo: Repository, *flags: str) -> list[str]:
    """Return the records of `git config --list`, includes followed.

    Asked again only when a file that counts holds something else by now, or includes another.
    """
    held = config_files.contents(repo.common_dir, repo.git_dir)
    asked = None if held is None or config_files.has_includes(held) else (repo, flags, held)
    if asked in _listed:
        return _listed[asked]
    found = call(repo, "config", "--list", "-z", "--includes", *flags, seconds=10).records()
    if asked and held == config_files.contents(repo.common_dir, repo.git_dir):
        if len(_listed) >= _MOST_LISTED:
            _listed.clear()
        _listed[asked] = found
    return found


def configured_names(repo: Repository) -> list[str]:
    """Return every configured key that git sees here, all scopes, includes followed."""
    return sorted(set(list_config(repo, "--name-only")))


_PROGRAMS = {
    "filter": ("clean", "smudge", "process"),
    "merge": ("driver",),
    "diff": ("command", "textconv"),
    "hook": ("event", "command"),
}


def drivers_off(repo: Repository, *, lenient: bool = False) -> "tuple[tuple[str, str], ...]":
    """Return the overrides that blank every filter, driver and hook configured by name."""
    held = config_files.contents(repo.common_dir, repo.git_dir)
    if held is not None and config_files.names_no_program(held):
        return ()
    overrides: dict[str, str] = {}
    for key in configured_names(repo):
        section, _, rest = key.partition(".")
        name, _, variable = rest.rpartition(".")
        if name and variable in _PROGRAMS.get(section, ()):
            # A merge driver that fails leaves a conflict; of an empty one some gits make an error.
            overrides[key] = "false" if section == "merge" else ""
            if section == "filter" and lenient:
                overrides[f"filter.{name}.required"] = "false"
            if section == "hook":
                overrides[f"hook.{name}.enabled"] = "false"
    return tuple(overrides.items())


@contextlib.contextmanager
def locked_directory(path: str, seconds: float = LOCK_SECONDS) -> "Iterator[int]":
    """Hold an exclusive flock on the directory `path`; yields the descriptor.

    A git started with `hold=(descriptor,)` keeps the lock even if this process is killed,
    so the next holder never meets a git that is still at work. Leaves no file behind.

    Raises: git_error/timeout when another process has it for `seconds`; git_error/failed when
    something else lies there; FileNotFoundError.
    """
    import fcntl
    import random

    heed()
    seconds = time_left(seconds)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError:
        shown = display(path)
        raise Failure(
            "git_error", "failed", f"the lock {shown} is not a directory", hint=f"ls -ld {shown}"
        ) from None
    try:
        until = time.monotonic() + seconds
        pause = 0.001
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Failure(
                        "git_error",
                        "timeout",
                        f"another process has worked on {display(path)} for {seconds:.3g} s",
                    ) from None
                time.sleep(pause * (0.5 + random.random()))  # noqa: S311
                pause = min(pause * 1.3, 0.006)
        yield fd
    finally:
        os.close(fd)


def operation_in_progress(repo: Repository) -> str:
    """Return "merge", "rebase", "cherry-pick", "revert", "bisect" or "" for this checkout."""
    for name, what in (
        ("MERGE_HEAD", "merge"),
        ("rebase-merge", "rebase"),
        ("rebase-apply", "rebase"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("BISECT_LOG", "bisect"),
    ):
        if os.path.lexists(os.path.join(repo.git_dir, name)):
            return what
    return ""
