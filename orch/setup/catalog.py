"""The clients that setup knows, as data (agents.toml), and which files each one wants."""

import json
import os
import tomllib

from orch.setup import texts
from orch.setup.model import Target
from orch.setup.servers import ServerEntry
from orch.steps.model import say
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Agent:
    """A client: where it looks for instructions, skills and hooks, in either scope."""

    __slots__ = ("_table", "name")

    def __init__(self, name: str, table: "dict[str, Any]") -> None:
        self.name = name
        self._table = table

    @property
    def title(self) -> str:
        """Its name for people."""
        return str(self._table["title"])

    @property
    def comments(self) -> bool:
        """Whether its settings may hold comments."""
        return bool(self._table.get("comments"))

    def notes(self, *, mcp: bool) -> list[str]:
        """Return what a person has to know or do besides."""
        return list(self._table.get("server_notes" if mcp else "notes", ()))

    def places(self, user: bool) -> "dict[str, str]":
        """Return the paths of a scope by what stands there; empty where it has none."""
        return dict(self._table.get("user" if user else "repository", {}))

    def home(self, environment: "Mapping[str, str]") -> str:
        """Return the directory of its user-wide files. Raises: invalid_state/unsupported."""
        candidates = list(self._table.get("home", ()))
        if not candidates or not self.places(True):
            raise Failure(
                "invalid_state",
                "unsupported",
                f"{self.name} reads no files of yours outside a repository",
                hint="set up this repository",
                next=[say("setup", self.name)],
            )
        for variable in candidates[:-1]:
            if environment.get(variable):
                return os.path.abspath(environment[variable])
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            raise invalid_input("HOME is not set to an absolute path, so --user has no place")
        return os.path.join(home, candidates[-1])

    def hooks(self) -> "dict[str, object]":
        """Return its hook entries by event."""
        found: dict[str, object] = {}
        seconds = self._table.get("timeout", 5)
        for event in self._table.get("events", ()):
            command = f"inbox hook --client {self.name} --event {event} 2>/dev/null || true"
            call: dict[str, object] = {"type": "command"}
            if self._table.get("shape") == "copilot":
                found[event] = call | {"bash": command, "timeoutSec": seconds}
            else:
                found[event] = {"hooks": [call | {"command": command, "timeout": seconds}]}
        return found

    def server(self, base: str, user: bool) -> list[Target]:
        """Return the file that lists its MCP servers. Raises: invalid_state/unsupported."""
        place = self.places(user).get("servers")
        if place is None:
            other = self.places(not user).get("servers")
            flags = {"user": not user, "mcp": True}
            raise Failure(
                "invalid_state",
                "unsupported",
                f"{self.name} lists no MCP servers " + ("of yours" if user else "of a repository"),
                hint="" if other else "use the commands themselves: the texts of setup teach them",
                next=[say("setup", self.name, **flags)] if other else [],
            )
        shape = str(self._table["server_shape"])
        member = {"opencode": "mcp", "toml": "mcp_servers"}.get(shape, "mcpServers")
        return [Target("server", base, place, ServerEntry(member, shape))]

    def targets(self, base: str, user: bool, primers: "Mapping[str, str]") -> list[Target]:
        """Return the files it wants below `base`."""
        places, found = self.places(user), []
        if "block" in places:
            found.append(Target("block", base, places["block"], texts.block(primers)))
        if "skills" in places:
            for name in texts.SKILLS:
                path = f"{places['skills']}/{name}/SKILL.md"
                found.append(Target("skill", base, path, texts.skill(name, primers)))
        if "hooks" in places and self._table.get("shape") == "copilot":
            listed = {event: [entry] for event, entry in self.hooks().items()}
            text = json.dumps({"version": 1, "hooks": listed}, indent=2) + "\n"
            found.append(Target("file", base, places["hooks"], text))
        elif "hooks" in places:
            found.append(Target("hooks", base, places["hooks"], self.hooks()))
        return found


def agents() -> "dict[str, Agent]":
    """Return all clients by name."""
    with open(os.path.join(os.path.dirname(__file__), "agents.toml"), "rb") as file:
        return {name: Agent(name, table) for name, table in tomllib.load(file).items()}


def require(name: str) -> Agent:
    """Return a client by name. Raises: invalid_input/value with near names."""
    known = agents()
    if name in known:
        return known[name]
    import difflib

    near = difflib.get_close_matches(name.lower(), known, 2, 0.6)
    near += [n for n in _OTHER_NAMES.get(name.lower(), ()) if n not in near]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise Failure(
        "invalid_input",
        "value",
        f"there is no agent {name!r} to set up",
        hint=f"{hint}known are {', '.join(known)}; any other that reads AGENTS.md: agents",
        details={"name": name, "near": near},
    )


_OTHER_NAMES = {
    "claude-code": ("claude",),
    "cursor": ("cursor-agent",),
    "agents.md": ("agents",),
    "chatgpt": ("codex",),
}
