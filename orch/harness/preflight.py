"""Preflight of a harness: program, version, login. Everything wrong, at once."""

import os
import re
import shutil
import subprocess

from orch.harness.events import COLOURS
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.harness.config import Harness, HarnessTable

_SECONDS = 20.0
_NUMBER = re.compile(r"\d+(?:\.\d+){0,3}")


class HarnessFindings(Value):
    """What a look at a harness found: `problems` forbid starting it, `warnings` do not."""

    path: str = ""
    version: str = ""
    problems: list[str] = own(factory=list)
    warnings: list[str] = own(factory=list)


def look(harness: "Harness", environment: dict[str, str]) -> HarnessFindings:
    """Look at the client as it would be started with `environment`."""
    table = harness.table
    found = HarnessFindings()
    program = table.command[0]
    found.path = shutil.which(program, path=environment.get("PATH", os.defpath)) or ""
    if not found.path:
        found.problems.append(f"{program} is not on PATH, or cannot be run")
    elif table.version is not None:
        _look_at_version(table, environment, found)
    if table.root_env and os.geteuid() == 0 and not environment.get(table.root_env):
        found.problems.append(f"as root {program} refuses to work: set {table.root_env}=1")
    _look_at_login(table, environment, found)
    return found


def _look_at_version(
    table: "HarnessTable", environment: dict[str, str], found: HarnessFindings
) -> None:
    assert table.version is not None
    words = table.version.command
    try:
        done = subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        found.problems.append(f"{' '.join(words)} did not end within {_SECONDS:g} s")
        return
    except OSError as error:
        found.problems.append(f"{words[0]} cannot be run: {error.strerror}")
        return
    printed = COLOURS.sub(b"", done.stdout).decode("utf-8", "replace")
    match = _NUMBER.search(printed)
    if done.returncode or match is None:
        found.problems.append(f"{' '.join(words)} told no version (exit {done.returncode})")
        return
    found.version = match[0]
    if _parts(found.version) < _parts(table.version.minimum):
        found.problems.append(
            f"{words[0]} {found.version} is too old: {table.version.minimum} or newer is needed"
        )
    below = table.version.below
    if below is not None and _parts(found.version) >= _parts(below):
        found.warnings.append(
            f"{words[0]} {found.version} is newer than what was tried (< {below})"
        )


def _parts(version: str) -> tuple[int, ...]:
    return (*map(int, version.split(".")), 0, 0, 0)[:4]


def _look_at_login(
    table: "HarnessTable", environment: dict[str, str], found: HarnessFindings
) -> None:
    login = table.login
    if login is None:
        return
    if any(environment.get(name) for name in login.env):
        return
    if any(os.path.exists(_expanded(path, environment)) for path in login.files):
        return
    text = f"no login of {table.command[0]} was found: {login.hint}"
    (found.problems if login.required else found.warnings).append(text)


def _expanded(path: str, environment: dict[str, str]) -> str:
    """Return a path with ~ and a leading $NAME replaced; an unset one names nothing."""
    if path.startswith("~/"):
        return os.path.join(environment.get("HOME", "/nonexistent"), path[2:])
    if path.startswith("$"):
        name, _, rest = path[1:].partition("/")
        return os.path.join(environment.get(name) or "/nonexistent", rest)
    return path
