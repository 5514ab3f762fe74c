"""The orch.toml that a repository without one would begin with: its check, found by its files."""

import json
import os
import re

from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BYTES = 1 << 20
_NO_TESTS = "no test specified"  # What npm init writes.


class FoundCheck(Value):
    """A command that seems to judge the repository's work, and the file that says so."""

    command: list[str]
    source: str


def find_check(top: str) -> FoundCheck | None:
    """Return the first check that the repository's own files tell of, None for none."""
    for name, look in _LOOKS.items():
        text = _read(os.path.join(top, name))
        command = look(top, text) if text is not None else None
        if command:
            return FoundCheck(command, name)
    return None


def text_of(found: FoundCheck | None) -> str:
    """Return the whole file; without a check there is none, and a person approves everything."""
    lines = ["# Written by orch start. All keys: docs/reference/orch-toml.md of orch.", ""]
    if found is None:
        return "\n".join([*lines, "# No check was found: a person approves everything.", ""])
    command = json.dumps(found.command, ensure_ascii=False)
    return "\n".join(
        [
            *lines,
            f"[check.test]  # by {found.source}",
            f"command = {command}",
            "",
            "[queue]",
            'checks = ["test"]  # must pass before anything lands',
            "",
            "[drive]",
            'checks = ["test"]  # for tasks that name none',
            "",
            "[policy]",
            "low = []  # what passes its checks and is of low risk lands by itself",
            'medium = ["human"]',
            'high = ["human"]',
            "",
        ]
    )


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return None


def _python(top: str, text: str) -> list[str] | None:
    if "pytest" in text:
        return ["python3", "-m", "pytest", "-q"]
    folder = next((name for name in ("tests", "test") if os.path.isdir(f"{top}/{name}")), "")
    return ["python3", "-m", "unittest", "discover", "-s", folder] if folder else None


def _node(top: str, text: str) -> list[str] | None:
    try:
        script = json.loads(text).get("scripts", {}).get("test", "")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(script, str) or not script or _NO_TESTS in script:
        return None
    locks = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun"}
    tool = next((tool for lock, tool in locks.items() if os.path.exists(f"{top}/{lock}")), "npm")
    return [tool, "run", "test"] if tool == "bun" else [tool, "test"]


def _make(_top: str, text: str) -> list[str] | None:
    target = re.search(r"^(test|check)\s*:(?!=)", text, re.MULTILINE)
    return ["make", target[1]] if target else None


_LOOKS: "dict[str, Callable[[str, str], list[str] | None]]" = {
    "pyproject.toml": _python,
    "setup.cfg": _python,
    "pytest.ini": lambda _top, _text: ["python3", "-m", "pytest", "-q"],
    "package.json": _node,
    "Makefile": _make,
    "Cargo.toml": lambda _top, _text: ["cargo", "test"],
    "go.mod": lambda _top, _text: ["go", "test", "./..."],
}
