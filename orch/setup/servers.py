"""Our entry among a client's MCP servers: added, mended, taken out. Pure.

Everything else in the file keeps its bytes. The entry is called `orch` and starts `orch mcp`; one
of that name which does not is somebody else's and stays.
"""

import json
import re
import tomllib

from orch.json_tree import JsonNode
from orch.setup import json_layout
from orch.setup.model import Broken
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "orch"
# What a worker's client is started with, and some clients keep from their servers.
_HANDED_ON = (
    "INBOX_AGENT", "INBOX_THREAD", "INBOX_LEASE", "ORCH_DB", "ORCH_TURN", "ORCH_OUT",
)  # fmt: skip
_BEGIN, _END = "# BEGIN orch setup --mcp\n", "# END orch setup --mcp\n"
_BLOCK = re.compile(re.escape(_BEGIN) + r"(.*?)" + re.escape(_END), re.DOTALL)
_EDITED = "our server was edited: keep it, or take ours with --force"


class ServerEntry(Value):
    """What a client's file is to hold: below which member, in which shape."""

    member: str
    shape: str

    @property
    def value(self) -> "dict[str, Any]":
        """Return the entry as the client reads it."""
        if self.shape == "opencode":
            return {"type": "local", "command": ["orch", "mcp"], "enabled": True}
        if self.shape == "copilot":
            return {"type": "local", "command": "orch", "args": ["mcp"], "tools": ["*"]}
        if self.shape == "claude":
            return {"type": "stdio", "command": "orch", "args": ["mcp"]}
        return {"command": "orch", "args": ["mcp"]}

    @property
    def block(self) -> str:
        """Return the entry as a table of TOML."""
        names = json.dumps(list(_HANDED_ON))
        head = f'[{self.member}.{NAME}]\ncommand = "orch"\nargs = ["mcp"]\n'
        return head + f"startup_timeout_sec = 30\nenv_vars = {names}\n"


def put(old: bytes | None, entry: ServerEntry, comments: bool, force: bool) -> bytes:
    """Return the file with our entry. Raises: Broken."""
    if entry.shape == "toml":
        return _put_toml(_decoded(old or b""), entry, force).encode()
    if old is None or not old.strip():
        return (json.dumps({entry.member: {NAME: entry.value}}, indent=2) + "\n").encode()
    text = _decoded(old)
    root = _root(text, entry, comments)
    servers = root.member(entry.member)
    found = servers.member(NAME) if servers is not None else None
    if found is not None:
        if found.plain() == entry.value:
            return old
        _require_ours(found.plain(), force)
        return put(_without(text, root, entry), entry, comments, force)
    if servers is None:
        return json_layout.add(text, root, entry.member, {NAME: entry.value}).encode()
    return json_layout.add(text, servers, NAME, entry.value).encode()


def take(old: bytes, entry: ServerEntry, comments: bool, force: bool) -> bytes | None:
    """Return the file without our entry, None if nothing else was in it. Raises: Broken."""
    text = _decoded(old)
    if entry.shape == "toml":
        found = _BLOCK.search(text)
        if found is None:
            return old
        if found[1] != entry.block and not force:
            raise Broken(_EDITED)
        rest = text[: found.start()].removesuffix("\n") + text[found.end() :]
        return rest.encode() if rest.strip() else None
    root = _root(text, entry, comments)
    servers = root.member(entry.member)
    mine = servers.member(NAME) if servers is not None else None
    if mine is None or not _is_ours(mine.plain()):
        return old
    if mine.plain() != entry.value:
        _require_ours(mine.plain(), force)
    theirs = json_layout.was_empty(root)
    rest_bytes = _without(text, root, entry)
    return rest_bytes if theirs or _root(rest_bytes.decode(), entry, comments).items else None


def _put_toml(text: str, entry: ServerEntry, force: bool) -> str:
    found = _BLOCK.search(text)
    outside = _BLOCK.sub("", text)
    try:
        known = tomllib.loads(outside)
    except tomllib.TOMLDecodeError as error:
        raise Broken(f"is not valid TOML: {error}")
    if NAME in known.get(entry.member, {}):
        raise Broken(f"has a server {NAME} which is not ours: rename it first")
    if found is not None and found[1] != entry.block and not force:
        raise Broken(_EDITED)
    block = _BEGIN + entry.block + _END
    if found is not None:
        return text[: found.start()] + block + text[found.end() :]
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return text + gap + block


def _decoded(old: bytes) -> str:
    try:
        return old.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("is not UTF-8")


def _root(text: str, entry: ServerEntry, comments: bool) -> JsonNode:
    root = json_layout.scan(text, comments)
    if root.kind != "object":
        raise Broken("holds no JSON object")
    servers = root.member(entry.member)
    if servers is not None and servers.kind != "object":
        raise Broken(f"has a `{entry.member}` that is not an object")
    return root


def _is_ours(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    command, args = value.get("command"), value.get("args", [])
    words = command if isinstance(command, list) else [command, *args]
    return len(words) > 1 and str(words[0]).rpartition("/")[2] == "orch" and words[1] == "mcp"


def _require_ours(value: object, force: bool) -> None:
    if not _is_ours(value):
        raise Broken(f"has a server {NAME} which is not ours: rename it first")
    if not force:
        raise Broken(_EDITED)


def _without(text: str, root: JsonNode, entry: ServerEntry) -> bytes:
    servers = root.member(entry.member)
    assert servers is not None
    if len(servers.items) > 1 or json_layout.was_empty(servers):
        text = json_layout.drop(text, servers, servers.names.index(NAME))
    else:
        text = json_layout.drop(text, root, root.names.index(entry.member))
    return text.encode()
