"""examples/orch.toml: every key with its meaning and its built-in value, made from the schema.

As it stands the file holds one check and one queue of its own. Every other key is a comment of
the form `#key = value`, so that taking the sign away (`sed 's/^#\\([a-z[]\\)/\\1/'`) leaves a
file that is valid too: a test reads both.
"""

import json
from collections.abc import Iterator
from typing import Any

# What a table by name, or in order, is called in the example.
_NAMES = {"check": "unit", "harness": "mine", "profile": "quick"}
# Values of keys that have no built-in one, or whose built-in one would say nothing.
_VALUES: dict[str, Any] = {
    "worktree.root": "../worktrees",
    "worktree.copy": [".env.test"],
    "worktree.link": ["node_modules"],
    "worktree.setup.command": ["npm", "ci"],
    "worktree.env": {"CI": "1"},
    "cleanup.save_ignored": ["reports/*.html"],
    "check.unit.command": ["python3", "-m", "unittest", "discover"],
    "check.unit.env": {"PYTHONWARNINGS": "error"},
    "profile": {"quick": ["unit"]},
    "harness.mine.like": "claude",
    "harness.mine.command": ["claude", "-p", "{extra}"],
    "harness.mine.resume": ["claude", "-p", "--resume", "{session}", "{extra}"],
    "harness.mine.extra": ["--model", "sonnet"],
    "harness.mine.version.command": ["claude", "--version"],
    "harness.mine.version.below": "3",
    "harness.mine.login.env": ["ANTHROPIC_API_KEY"],
    "harness.mine.login.hint": "claude /login",
    "harness.mine.keys": ["ANTHROPIC_API_KEY"],
    "harness.mine.env": {"DISABLE_TELEMETRY": "1"},
    "harness.mine.root_env": "IS_SANDBOX",
    "harness.mine.event.when": {"type": "result"},
    "harness.mine.event.final": "ok",
    "harness.mine.event.failed_if": "is_error",
    "harness.mine.event.text": "result",
    "harness.mine.event.error": ["error.message"],
    "harness.mine.event.session": "session_id",
    "harness.mine.event.input_tokens": ["usage.input_tokens"],
    "harness.mine.event.output_tokens": ["usage.output_tokens"],
    "harness.mine.event.cost_usd": "total_cost_usd",
    "harness.mine.exits": {"75": "limited"},
    "harness.mine.limited": ["rate limit"],
    "notify.command": ["./tell-me.sh"],
    "notify.ntfy_env": "NTFY_URL",
    "notify.webhook_env": "TEAM_HOOK",
    "queue.target": "main",
    "queue.profile": "quick",
    "queue.union": ["CHANGELOG.md"],
    "forge.kind": "github",
    "forge.repository": "OWNER/NAME",
    "forge.labels": ["orch"],
    "forge.token_command": ["gh", "auth", "token"],
    "forge.app.id": 12345,
    "forge.app.installation": 67890,
    "forge.app.key_file": "~/.config/orch/app.pem",
    "policy.humans": ["ana"],
    "policy.signers": {"ana": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ana@example.org"]},
    "policy.rule.name": "the database",
    "policy.rule.paths": ["migrations/**"],
    "policy.rule.approve": ["human"],
}  # fmt: skip
_LIVE = {"check.unit", "check.unit.command", "queue", "queue.target"}
_HEAD = """\
# Every key of orch.toml, with what it means and the value that is built in.
# Copy what you need to the root of your repository. Made by `make docs` from the schema.
"""


def text() -> str:
    """Return the whole file. Raises: KeyError naming a key that has neither value nor example."""
    from orch.config.schema import OrchToml

    schema = OrchToml.model_json_schema(by_alias=True)
    parts = [_HEAD.rstrip()]
    for name, field in schema["properties"].items():
        parts.append(f"\n# === {field['description']}")
        parts += _field(name, field, schema["$defs"], "")
    return "\n".join(parts) + "\n"


def _field(name: str, field: dict, definitions: dict, prefix: str) -> Iterator[str]:
    path = prefix + name
    shape, table = below(field, definitions)
    if table is None and not prefix:  # A table of plain values.
        yield f"#[{name}]"
        for key, value in _VALUES[name].items():
            yield f"#{key} = {_value(value)}"
        return
    if table is None:
        yield _line(path, name, field)
        return
    header = f"{path}.{_NAMES[path]}" if shape == "named" else path
    yield _signed(header, f"[[{path}]]" if shape == "ordered" else f"[{header}]")
    inner = table["properties"].items()
    tables = {key: each for key, each in inner if below(each, definitions)[1] is not None}
    for key, each in inner:
        if key not in tables:
            yield from _field(key, each, definitions, header + ".")
    for key, each in tables.items():
        yield f"# --- {each['description']}"
        yield from _field(key, each, definitions, header + ".")


def _line(path: str, name: str, field: dict) -> str:
    value = _VALUES.get(path, field.get("default"))
    if value is None:
        raise KeyError(f"{path} has no default: give it a value in {__name__}")
    return f"{_signed(path, f'{name} = {_value(value)}')}  # {field['description']}"


def _signed(path: str, line: str) -> str:
    return line if path in _LIVE else "#" + line


def _value(value: object) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)


def below(field: dict, definitions: dict) -> tuple[str, dict | None]:
    """Return how a field holds another table (one, named, ordered), and that table's shape."""
    for choice in field.get("anyOf", [field]):
        named = [choice.get("additionalProperties"), *choice.get("patternProperties", {}).values()]
        for shape, found in (
            ("one", choice),
            *(("named", n) for n in named),
            ("ordered", choice.get("items")),
        ):
            if isinstance(found, dict) and "$ref" in found:
                return shape, definitions[found["$ref"].rpartition("/")[2]]
    return "", None
