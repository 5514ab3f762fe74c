"""A fingerprint of everything in a repository that can make git run or read other things.

A dict of named values, JSON-able, to be kept when a run begins and compared before each
privileged step. Guarantees: taking it runs nothing that the repository names and never
blocks on a planted FIFO; secrets inside values are replaced by a digest. Says nothing
about the user's global configuration, which differs between shells of one person.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass

from orch.git.names import display, redact
from orch.git.repository import Repository, list_config
from schema import file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 400
_MOST_BYTES = 16 << 20

# In `core` everything counts but these.
_CORE_HARMLESS = frozenset(
    (
        *("repositoryformatversion", "filemode", "logallrefupdates", "ignorecase", "symlinks"),
        *("precomposeunicode", "quotepath", "untrackedcache", "preloadindex", "abbrev"),
        *("compression", "bigfilethreshold", "checkstat", "trustctime", "autocrlf", "eol"),
        *("safecrlf", "whitespace", "sparsecheckout", "sparsecheckoutcone", "commitgraph"),
        *("multipackindex", "splitindex", "fscache", "longpaths", "commentchar"),
    )
)
# section, subsection, variable as `section.[subsection.]variable`; git lower-cases the ends.
_WATCHED = re.compile(
    r"""
    (?:filter|alias|include|includeif|hook|gpg|ssh|credential|protocol|uploadpack|uploadarchive
      |receive|extensions|pager|sequence|safe|trailer|tar|sendemail|init|http|submodule
      |transfer|worktree|maintenance|gc)\..*
    | merge\.(?:default|.+\.(?:driver|recursive)|tool)
    | diff\.(?:external|tool|.+\.(?:command|textconv|cachetextconv|trustexitcode|xfuncname))
    | url\..+\.(?:insteadof|pushinsteadof)
    | remote\..+\.(?:uploadpack|receivepack|vcs|proxy|promisor|partialclonefilter|pushurl|mirror)
    | remote\..+\.url
    | interactive\.difffilter
    | (?:commit|tag|log|push|user)\.(?:gpgsign|showsignature|forcesignannotated|template
      |signingkey|mailmap)
    | (?:status|diff)\.(?:submodulesummary|ignoresubmodules|submodule|orderfile)
    | .+\.(?:cmd|command|program|helper|path|hook|askpass|editor|proxy|file|tool|browser)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One named value that changed; None where it is absent."""

    name: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Return the change as one line."""
        old, new = (("absent" if v is None else repr(v)) for v in (self.old, self.new))
        return f"{self.name}: {old} -> {new}"


def fingerprint(repo: Repository) -> "dict[str, str]":
    """Return the named values of `repo`; of a linked worktree, its own ones too.

    Names: `config:<key>`, `hook:<file>`, `file:<path below the common directory>`, and what
    holds for this checkout alone: `worktree:config:<key>` of its own configuration and of
    what a condition includes, for a linked one `worktree:<.git|commondir|gitdir>`.
    Raises: git_error.
    """
    values = _config(repo)
    for name in ("info/attributes", "info/exclude", "info/grafts", "info/sparse-checkout"):
        _put(values, "file:" + name, os.path.join(repo.common_dir, name))
    for name in ("objects/info/alternates", "commondir", "gitdir"):
        _put(values, "file:" + name, os.path.join(repo.common_dir, name))
    values |= _hooks(repo)
    if repo.is_linked:
        _put(values, "worktree:.git", os.path.join(repo.top, ".git"))
        for name in ("commondir", "gitdir"):
            _put(values, "worktree:" + name, os.path.join(repo.git_dir, name))
        _put(values, "worktree:info/attributes", os.path.join(repo.git_dir, "info/attributes"))
        _put(values, "worktree:hooks", os.path.join(repo.git_dir, "hooks"))
    elif repo.top:
        _put(values, "file:.git", os.path.join(repo.top, ".git"))
    return values


def differences(old: "Mapping[str, str]", new: "Mapping[str, str]") -> tuple[Difference, ...]:
    """Return each named value in which two fingerprints differ, in order of name."""
    names = sorted(set(old) | set(new))
    pairs = ((name, old.get(name), new.get(name)) for name in names)
    return tuple(Difference(name, a, b) for name, a, b in pairs if a != b)


def _config(repo: Repository) -> "dict[str, str]":
    """Return the watched keys of the repository's and the worktree's own configuration.

    What is set in `config.worktree`, and what is included where conditions decide it (a
    directory, a branch), differs between the checkouts of one repository without anybody's doing.
    """
    found: dict[tuple[bool, str], list[str]] = {}
    cells = list_config(repo, "--show-scope", "--show-origin")
    rows = list(zip(cells[::3], cells[1::3], cells[2::3], strict=True))
    shared = "file:" + os.path.join(repo.common_dir, "config")
    has_conditions = any(item.startswith("includeif.") for _, _, item in rows)
    for scope, origin, item in rows:
        key, newline, value = item.partition("\n")
        if scope in ("local", "worktree") and _is_watched(key):
            own = scope == "worktree" or (has_conditions and origin != shared)
            found.setdefault((own, key), []).append(value if newline else "(set)")
    return {
        f"{'worktree:' * own}config:{display(redact(key))}": _safe("\n".join(values), key)
        for (own, key), values in found.items()
    }


def _is_watched(key: str) -> bool:
    section, _, rest = key.partition(".")
    if section == "core":
        return rest not in _CORE_HARMLESS
    return _WATCHED.fullmatch(key) is not None


def _safe(value: str, name: str = "") -> str:
    """Return a value fit to be shown; what is cut or taken out is still told apart."""
    shown = redact(display(value))
    if re.search(r"(?i)extraheader|authorization|password|token|secret", name + value):
        shown = "(not shown)"
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + "…"
    elif shown == display(value):
        return shown
    return f"{shown} {_digest(os.fsencode(value))}"


def _hooks(repo: Repository) -> "dict[str, str]":
    values: dict[str, str] = {}
    folder = os.path.join(repo.common_dir, "hooks")
    if os.path.islink(folder):
        values["file:hooks"] = "link to " + display(os.readlink(folder))
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return values
    for name in names:
        if not name.endswith(".sample"):
            _put(values, "hook:" + display(name), os.path.join(folder, name), contents=False)
    return values


def _put(values: "dict[str, str]", name: str, path: str, *, contents: bool = True) -> None:
    """Set `name` to what lies at `path`; leave it out when nothing does. Never blocks."""
    try:
        seen = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISLNK(seen.st_mode):
        values[name] = "link to " + display(os.readlink(path))
    elif stat.S_ISDIR(seen.st_mode):
        values[name] = "directory"
    elif not stat.S_ISREG(seen.st_mode):
        values[name] = "special file"
    else:
        values[name] = _file_value(path, contents=contents)


def _file_value(path: str, *, contents: bool) -> str:
    try:
        fd = file.open_regular(path, os.O_NOFOLLOW)
    except OSError as error:
        return f"unreadable ({error.strerror})"
    with open(fd, "rb") as opened:
        mode = os.fstat(fd).st_mode & 0o777
        data = opened.read(_MOST_BYTES)
    if contents:
        return _safe(os.fsdecode(data).rstrip("\n"))
    return f"mode {mode:o} {_digest(data)}"


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()[:16]
