"""A pytest plugin that tells what the rooms cost: `python -m pytest -p tests.support.costs …`.

CPU seconds (not wall: machines are shared) of this process, of every child that was waited for
and of the warm programs, added up by the folder that a test lies in.
"""

import os
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import warm

_TICK = os.sysconf("SC_CLK_TCK")
_COSTS: Counter[str] = Counter()
_TESTS: Counter[str] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Charge a test with its fixtures to its room."""
    before = _spent()
    result = yield
    room = _room(item.path)
    _COSTS[room] += _spent() - before
    _TESTS[room] += 1
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Charge what every process of the suite pays to find the tests."""
    before = _spent()
    result = yield
    _COSTS["(collection)"] += _spent() - before
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's sums to the process that started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["costs"] = [dict(_COSTS), dict(_TESTS)]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take a worker's sums."""
    costs, tests = getattr(node, "workeroutput", {}).get("costs", ({}, {}))
    _COSTS.update(costs)
    _TESTS.update(tests)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the rooms, the dearest first."""
    terminalreporter.section("CPU seconds")
    for room, cost in _COSTS.most_common():
        terminalreporter.write_line(f"{cost:8.1f}  {_TESTS[room] or '':>5}  {room}")
    terminalreporter.write_line(f"{_COSTS.total():8.1f}  {_TESTS.total():>5}  in all")


def _room(path: Path) -> str:
    room = path.parent.name
    if room != "contract":
        return room
    return f"contract/{'orch' if path.stem.startswith('test_orch') else 'inbox, council'}"


def _spent() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime + _spent_warm()


def _spent_warm() -> float:
    process = warm._SERVER._process
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICK
