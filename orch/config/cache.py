"""Cache of what orch.toml meant when it was last checked, kept beside the store.

Checking it takes pydantic, which costs a command 0.1 s. Bound to what the file is known by (its
blob, or its bytes) and to the program that checked it; anything odd is a miss, and the file is
checked anew. The last few are kept: a target and the branch a run began from may differ. The
directory is the store's own, closed to others. Never raises.
"""

import hashlib
import json
import os
import stat

from orch.config.model import Check, Config, Notify, PlanPolicy, Policy, PolicyRule, QueueRules
from orch.forge.rules import ForgeRules
from schema.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "orch-toml.json"
_MOST_BYTES = 1 << 20
_KEPT = 4
_CHECKER = os.path.join(os.path.dirname(__file__), "schema.py")


def named(content: bytes) -> str:
    """Return by what a file outside of git is known."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read(folder: str, name: str) -> Config | None:
    """Return what the content known as `name` meant; None for a miss."""
    if not _is_ours(folder):
        return None
    try:
        return _config(dict(_all(folder))[_state(name)])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def keep(folder: str, name: str, found: Config) -> None:
    """Keep what a content means, where there is a store's directory and it can be written."""
    if not _is_ours(folder):
        return
    state = _state(name)
    try:
        others = [one for one in _all(folder) if one[0] != state]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        others = []
    try:
        text = json.dumps({"kept": [(state, _plain(found)), *others[: _KEPT - 1]]})
        # One write, in place: two that meet, or a kill, leave what cannot be read, a miss.
        with open(os.path.join(folder, _NAME), "wb", buffering=0, opener=_opener) as kept:
            kept.write(text.encode())
    except (OSError, ValueError, TypeError):
        return  # A full disk, a read-only checkout: then it is checked each time.


def _all(folder: str) -> "list[tuple[str, Any]]":
    with open(os.path.join(folder, _NAME), "rb", opener=_opener) as kept:
        return [(state, config) for state, config in json.loads(kept.read(_MOST_BYTES))["kept"]]


def _is_ours(folder: str) -> bool:
    """Say whether a directory is ours alone."""
    try:
        seen = os.lstat(folder)
    except OSError:
        return False
    closed = stat.S_ISDIR(seen.st_mode) and not seen.st_mode & 0o077
    return closed and seen.st_uid == os.geteuid()


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)


def _state(name: str) -> str:
    """Return by what a kept meaning is known: its file, and who checked it."""
    return f"{__version__} {os.stat(_CHECKER).st_mtime_ns} {name}"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    names = getattr(type(value), "_fields", None)
    return value if names is None else {name: _plain(getattr(value, name)) for name in names}


def _config(document: "Any") -> Config:
    found: Config = _made(Config, document)
    found.checks = {name: _made(Check, one) for name, one in document["checks"].items()}
    found.plan = _made(PlanPolicy, document["plan"])
    found.notify = _made(Notify, document["notify"])
    found.queue = _made(QueueRules, document["queue"])
    found.forge = _made(ForgeRules, document["forge"])
    if document["policy"] is not None:
        found.policy = _made(Policy, document["policy"])
        found.policy.rules = [_made(PolicyRule, one) for one in document["policy"]["rules"]]
    return found


def _made(kind: "type[Any]", document: "dict[str, Any]") -> "Any":
    return kind(**{name: document[name] for name in kind._fields})
