"""A run's tasks as a plan's text, in any format; read again, it changes nothing.

Leaves out what says only the default. Lists of tags and estimates come out of the metadata
where they would go in again.
"""

import json

from orch.model import DEFAULT_MAX_ATTEMPTS
from orch.plans.diff import shown_priority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from orch.plans.diff import Standing

_NORMAL = 3
_LISTS = ("required_checks", "allowed_paths", "blocked_paths")
_HEAD = "# Made by `orch plan export`; see `orch plan schema`.\n"


class Unsayable(Exception):
    """The format has no words for a value."""


def tasks(standing: "Iterable[Standing]", specs: "Mapping[str, str]") -> "list[dict[str, object]]":
    """Return the tasks as a plan's fields; one in which a plan is made is no part of it."""
    return [
        _fields(task, specs.get(task.task_id))
        for task in standing
        if "plans_request" not in json.loads(task.columns["metadata"])
    ]


def _fields(task: "Standing", spec: str | None) -> dict[str, object]:
    columns = task.columns
    metadata = json.loads(columns["metadata"])
    fitting = [name for name, fits in _LIFTED.items() if fits(metadata.get(name))]
    lifted = {name: metadata.pop(name) for name in fitting}
    title = columns["title"] if columns["title"] != task.task_id else None
    risk = columns["risk"] if columns["risk"] != "low" else None
    attempts = columns["max_attempts"]
    priority = shown_priority(columns)
    acceptance = columns["acceptance"]
    found = {
        "id": task.task_id,
        "title": title,
        "description": columns["summary"] or None,
        "priority": priority if priority != _NORMAL else None,
        "dependencies": task.depends_on or None,
        "locks": task.locks or None,
        **lifted,
        "default_to": columns["default_to"],
        "execution_mode": columns["execution_mode"],
        "kind": columns["kind"],
        "risk": risk,
        "max_attempts": attempts if attempts != DEFAULT_MAX_ATTEMPTS else None,
        **{name: columns[name] or None for name in _LISTS},
        "check_profile": columns["check_profile"],
        "acceptance": None if acceptance is None else json.loads(acceptance),
        "spec": spec,
        "metadata": metadata or None,
        "request": columns["request_id"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _are_tags(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(t, str) and 0 < len(t) <= 200 for t in value)


def _is_estimate(value: object) -> bool:
    return type(value) is int and 1 <= value <= 1_000_000


_LIFTED = {"tags": _are_tags, "estimate_min": _is_estimate}


def text(found: "list[dict[str, object]]", kind: str) -> str:
    """Return the plan's text. Raises: Unsayable."""
    if kind == "json":
        return json.dumps({"tasks": found}, indent=2, ensure_ascii=False) + "\n"
    return _HEAD + (_toml(found) if kind == "toml" else _yaml(found))


def _yaml(found: "list[dict[str, object]]") -> str:
    import yaml

    class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Writes texts of several lines as blocks; what YAML would fold or lose, with escapes."""

    def _text(dumper: "Any", value: str) -> "Any":
        plain = value.replace("\n", "").isprintable()
        style = '"' if not plain else "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    _Dumper.add_representer(str, _text)
    dumped: str = yaml.dump(
        {"tasks": found}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return dumped


def _toml(found: "list[dict[str, object]]") -> str:
    blocks = []
    for fields in found:
        lines = [f"{name} = {_toml_value(value)}" for name, value in fields.items()]
        blocks.append("\n".join(["[[tasks]]", *lines]) + "\n")
    return "\n".join(blocks)


def _toml_value(value: object) -> str:
    """Return a value in TOML, on one line but for texts of several."""
    if isinstance(value, str):
        lines = [_toml_escaped(line) for line in value.split("\n")]
        return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f'"{_toml_escaped(key)}" = {_toml_value(below)}' for key, below in value.items())
        return "{" + ", ".join(pairs) + "}"
    if value is None:
        raise Unsayable("TOML has no null")
    return repr(value)


def _toml_escaped(line: str) -> str:
    return json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007F")
