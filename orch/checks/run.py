"""One check, run at one place and judged: what attempts and trials of the queue share.

Fail closed (I16): a missing command, exit 126 or 127, a time-out, zero tests, a changed place or
an unknown check is an error, never a pass. A pass or a failure is reused wherever the same tree
meets the same command in the same environment.
"""

import os

from orch import process
from orch.checks import test_output
from orch.model import undefined_check
from orch.store.checks import Result
from schema import ids
from schema.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.config.model import Check, Config

_NOT_RUN = (126, 127)
_PYTEST_NO_TESTS = 5


def cache_key(tree: str, check: "Check", settings: "Config") -> str:
    """Return what a result depends on: tree, command, environment."""
    return ids.digest(dumps([tree, *_depends_on(check, settings)]))


def name_of(name: str, settings: "Config") -> str:
    """Return a check as the queue names it: with the digest of its command and environment."""
    check = settings.checks.get(name)
    if check is None:
        return f"{name}@unknown"
    return f"{name}@{ids.digest(dumps(_depends_on(check, settings)))[:12]}"


def _depends_on(check: "Check", settings: "Config") -> list[object]:
    environment = sorted((settings.environment | check.environment).items())
    return [check.command, check.timeout, environment, os.environ.get("PATH", "")]


def unknown(name: str) -> Result:
    """Return the result of a check that orch.toml does not define."""
    return Result(name, "error", "run", "", summary=undefined_check(name))


def run(
    check: "Check",
    settings: "Config",
    cwd: str,
    moved: "Callable[[], str]",
    hold: tuple[int, ...] = (),
    since: str = "",
) -> Result:
    """Run one check in `cwd` and judge it; `moved` says what there is no longer as it was.

    `since` says in words since when.

    What a check leaves untracked is no change; a tracked file that differs is. `hold` are
    descriptors that the program keeps open as long as it lives.
    """
    before = moved()
    if before:
        return Result(check.name, "error", "run", "", summary=before + since)
    done = process.run(
        check.command,
        cwd=cwd,
        environment=process.environment(settings.environment | check.environment),
        timeout=check.timeout,
        hold=hold,
    )
    status, why = _judge(done)
    after = moved()
    if after:
        status, why = "error", f"{after} while the check ran"
    return Result(
        check.name, status, "run", "", summary=why, head=done.head, tail=done.tail,
        exit_status=done.exit_status, duration_ms=done.duration_ms,
    )  # fmt: skip


def _judge(done: process.ProgramEnd) -> tuple[str, str]:
    """Return (status, why): passed only for exit 0 with tests that ran."""
    if done.exit_status is None:
        return "error", done.verdict
    if done.exit_status in _NOT_RUN:
        return "error", f"exit {done.exit_status}: the command could not be run"
    empty = test_output.ran_nothing(done.head + "\n" + done.tail)
    if empty and done.exit_status in (0, _PYTEST_NO_TESTS):
        return "error", "zero tests ran"
    return ("failed" if done.exit_status else "passed"), done.verdict
