"""Fixtures of every room: a store in a temporary directory, and the programs beside it."""

import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import engines
from tests.support.cli import Cli
from tests.support.day import day
from tests.support.engines import ENGINES
from tests.support.queues import Landing
from tests.support.stage import Stage
from tests.torture import runner

# No deadline: processes and disks are real. No database: a failing example becomes a test.
# The examples are the same at every run of the gate, others only where they are drawn.
settings.register_profile("real", deadline=None, database=None, derandomize=not runner.IS_DRAWN)
settings.load_profile("real")

_SEARCHES = {"torture", "crash", "properties", "house"}

os.umask(0o022)  # Whatever the developer's is: git makes files by it, and tests compare modes.
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # Under nohup it is ignored, and so in our programs.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what looks for lost work no second try (docs/decisions/0028), and time to be whole."""
    for item in items:
        if item.get_closest_marker("layers") or _SEARCHES & set(item.path.parts):
            item.add_marker(pytest.mark.flaky(reruns=0))
            if runner.WHOLE and not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(700))  # Past the 600 s of a layer itself.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, object]:
    """Fail what is skipped in `make layers`: nothing else would tell that it never ran."""
    report = yield
    is_skipped = report.skipped and not hasattr(report, "wasxfail")  # Of a list that shrinks.
    if is_skipped and runner.WHOLE and item.get_closest_marker("layers"):
        report.outcome, report.longrepr = "failed", f"skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a fresh store, made once by `inbox init`; copy it, never open it."""
    cli = Cli(tmp_path_factory.mktemp("template"))
    cli.ok("init")
    return cli.store


@pytest.fixture(autouse=True)
def _databases_are_removed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Those that a test made on our server; what its module made stays for the others."""
    if "file" not in ENGINES:
        _require_a_server(request)
    first = len(engines.made)
    yield
    engines.forget(first)


@pytest.fixture(params=None if ENGINES == ["file"] else ENGINES)
def inbox(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> Iterator[Cli]:
    """`inbox` in an empty directory outside git that has a fresh store, of either engine."""
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    (cwd / ".orch" / ".gitignore").write_text("*\n")
    cli = Cli(cwd, home=tmp_path).warm
    if getattr(request, "param", "file") == "file":
        shutil.copy(empty_store, cli.store)
        cli.store.chmod(0o600)
        yield cli
        return
    _require_a_server(request)
    yield engines.served(cli, tmp_path)


def _require_a_server(request: pytest.FixtureRequest) -> None:
    """Skip what is about a file."""
    if reason := request.node.get_closest_marker("on_file"):
        pytest.skip(f"of a store that is a file: {reason.args[0]}")


@pytest.fixture(scope="session")
def day_stage(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Stage[Landing]:
    """A run in the middle of its day, made once; restore it for each test."""
    return Stage(tmp_path_factory.mktemp("day"), lambda home: day(home, empty_store))


@pytest.fixture
def bare(tmp_path: Path) -> Cli:
    """`inbox` in an empty directory outside git without any store."""
    cwd = tmp_path / "bare"
    cwd.mkdir()
    return Cli(cwd, home=tmp_path).warm
