"""Names that git will read: refs, branches, object ids, and text that git printed.

Pure. Owns what may be typed as a ref or made a branch, and how git's text is made safe
to show. Guarantees: a name that passes here is ASCII, cannot be taken for an option, a
range, a reflog entry or a path, and needs no quoting in a shell. Never starts a process.
"""

import re

from schema.failures import Failure, invalid_input

_WORD = re.compile(r"[A-Za-z0-9._/+@=,%#-]+\Z")
_TYPED = re.compile(r"(?P<name>[A-Za-z0-9._/+@=,%#-]+)(?P<steps>(?:[~^][0-9]{0,6}){0,8})\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_HEX = re.compile(r"[0-9a-f]+\Z")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_LENGTHS = {"sha1": 40, "sha256": 64}
LONGEST = 244  # One path component less ".lock" and room, on every file system we meet.


def ref_fault(ref: str) -> str:
    """Return why `ref` is not an acceptable ref or branch name, or "" when it is.

    Stricter than `git check-ref-format`: what passes here passes there (a property test).
    """
    if not ref or len(ref) > 4 * LONGEST:
        return "is empty or too long"
    if not _WORD.match(ref):
        return "has a character outside A-Z a-z 0-9 . _ / + @ = , % # -"
    if ref[0] == "-" or ".." in ref or "@{" in ref or ref == "@" or ref[-1] in "./":
        return "starts with '-', ends with '.' or '/', or has '..' or '@{'"
    for part in ref.split("/"):
        if not part or part[0] in ".-" or part.endswith(".lock") or len(part) > LONGEST:
            return "has a part that is empty, too long, starts with '.' or '-' or ends in .lock"
    return ""


def require_branch(branch: str) -> str:
    """Return `refs/heads/<branch>`; `branch` is the short name. Raises: invalid_input."""
    fault = ref_fault(branch)
    if branch.startswith("refs/") or branch == "HEAD":
        fault = "is not a short branch name"
    if fault:
        raise invalid_input(f"branch name {display(branch)!r} {fault}")
    return "refs/heads/" + branch


def require_ref(ref: str) -> str:
    """Return the full ref `ref`. Raises: invalid_input unless it is a sound `refs/…` name."""
    fault = ref_fault(ref)
    if not ref.startswith("refs/") or ref.count("/") < 2:
        fault = fault or "is not a full name (refs/…/…)"
    if fault:
        raise invalid_input(f"ref {display(ref)!r} {fault}")
    return ref


def split_typed(name: str) -> tuple[str, str]:
    """Split a typed ref or commit into its name and its `~n`/`^n` steps.

    Raises: invalid_input for options, ranges, reflog entries, paths, control or non-ASCII.
    """
    match = _TYPED.match(name)
    fault = "has a character that names never have" if match is None else ""
    if match is not None:
        base = match["name"]
        fault = "" if base == "@" else ref_fault(base)
        if base == "@" or (base.isupper() and base != "HEAD" and base.endswith("_HEAD")):
            fault = fault or "is not a name we read; say HEAD, a branch, a tag or a commit"
    if match is None or fault:
        raise invalid_input(
            f"{display(name)!r} is not a ref or commit: it {fault}",
            hint="name a branch, a tag or a commit id",
        )
    return match["name"], match["steps"]


def is_oid(text: str, object_format: str = "sha1") -> bool:
    """Return whether `text` is a full object id of that format."""
    return len(text) == _LENGTHS[object_format] and _HEX.match(text) is not None


def require_oid(text: str, object_format: str = "sha1") -> str:
    """Return the full object id `text`. Raises: invalid_input for anything else."""
    if not is_oid(text, object_format):
        raise invalid_input(f"{display(text)!r} is not a full {object_format} object id")
    return text


def zero_oid(object_format: str) -> str:
    """Return the id that stands for "no object" in ref updates."""
    return "0" * _LENGTHS[object_format]


def attempt_branch(run_id: str, task_id: str, attempt_no: int) -> str:
    """Return an attempt's branch: `orch/<run, "_" as "-">/<task>/attempt-<n>`."""
    _require_ids(run_id, task_id, attempt_no)
    branch = f"orch/{run_id.replace('_', '-')}/{task_id}/attempt-{attempt_no}"
    require_branch(branch)
    return branch


def salvage_ref(run_id: str, task_id: str, attempt_no: int) -> str:
    """Return the ref that keeps an attempt's leftovers: `refs/orch/salvage/<run>/<task>/<n>`."""
    _require_ids(run_id, task_id, attempt_no)
    return require_ref(f"refs/orch/salvage/{run_id}/{task_id}/{attempt_no}")


def _require_ids(run_id: str, task_id: str, attempt_no: int) -> None:
    for kind, name in (("run", run_id), ("task", task_id)):
        if not _ID.match(name) or ".." in name or name.endswith(".lock"):
            raise invalid_input(f"{kind} id {display(name)!r} is not [A-Za-z0-9][A-Za-z0-9._-]*")
    if attempt_no < 1:
        raise invalid_input(f"attempt number {attempt_no} is not 1 or more")


def display(text: str) -> str:
    """Return `text` with everything that is not plainly printable made visible.

    Paths from git keep undecodable bytes as lone surrogates; this makes them JSON-safe.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def redact(text: str) -> str:
    """Return `text` with user and password taken out of every URL."""
    return _USERINFO.sub("***", text)


def listed(paths: "tuple[str, ...] | list[str]", most: int = 20) -> list[str]:
    """Return at most `most` paths, displayed, for a failure's details."""
    return [display(p) for p in paths[:most]]


def unusable(kind: str, message: str, **details: object) -> Failure:
    """Return an invalid_state failure of reason `kind`."""
    return Failure("invalid_state", kind, message, details=details)
