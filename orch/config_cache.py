"""What orch.toml meant when it was last checked, kept beside the store.

Checking it takes pydantic, which costs a command 0.1 s. Bound to the file's bytes and to the
program that checked them; anything odd is a miss, and the file is checked anew. The directory is
the store's own, closed to others: who can write here can write the store itself. Never raises.
"""

import hashlib
import json
import os
import stat

from orch.config_model import Check, Config, PlanPolicy, Policy, PolicyRule, QueueRules
from schema import file
from schema.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "orch-toml.json"
_MOST_BYTES = 1 << 20
_CHECKER = os.path.join(os.path.dirname(__file__), "config_file.py")


def read(top: str, content: bytes) -> Config | None:
    """Return what `content`, the orch.toml of the checkout at `top`, meant; None for a miss."""
    folder = _folder(top)
    if folder is None:
        return None
    try:
        with open(os.path.join(folder, _NAME), "rb", opener=_opener) as kept:
            document = json.loads(kept.read(_MOST_BYTES))
        return _config(document["config"]) if document["of"] == _state(content) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def keep(top: str, content: bytes, found: Config) -> None:
    """Keep what `content` means, where there is a store's directory and it can be written."""
    folder = _folder(top)
    if folder is None:
        return
    try:
        text = json.dumps({"of": _state(content), "config": _plain(found)})
        # One write, in place: two that meet, or a kill, leave what cannot be read, a miss.
        with open(os.path.join(folder, _NAME), "wb", buffering=0, opener=_opener) as kept:
            kept.write(text.encode())
    except (OSError, ValueError, TypeError):
        return  # A full disk, a read-only checkout: then it is checked each time.


def _folder(top: str) -> str | None:
    """Return the store's directory of a checkout when it is ours alone."""
    folder = os.path.join(top, file.STORE_FOLDER)
    try:
        seen = os.lstat(folder)
    except OSError:
        return None
    closed = stat.S_ISDIR(seen.st_mode) and not seen.st_mode & 0o077
    return folder if closed and seen.st_uid == os.geteuid() else None


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)


def _state(content: bytes) -> str:
    """Return by what a kept meaning is known: the file's bytes and who checked them."""
    checker = os.stat(_CHECKER).st_mtime_ns
    return f"{__version__} {checker} {hashlib.sha256(content).hexdigest()}"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    names = getattr(type(value), "__slots__", None)
    return value if names is None else {name: _plain(getattr(value, name)) for name in names}


def _config(document: "Any") -> Config:
    found: Config = _made(Config, document)
    found.checks = {name: _made(Check, one) for name, one in document["checks"].items()}
    found.plan = _made(PlanPolicy, document["plan"])
    found.queue = _made(QueueRules, document["queue"])
    if document["policy"] is not None:
        found.policy = _made(Policy, document["policy"])
        found.policy.rules = [_made(PolicyRule, one) for one in document["policy"]["rules"]]
    return found


def _made(kind: "type[Any]", document: "dict[str, Any]") -> "Any":
    made = object.__new__(kind)
    for name in kind.__slots__:
        setattr(made, name, document[name])
    return made
