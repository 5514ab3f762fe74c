"""What is printed beside a living driver: what it leaves to people, by its settings and needs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import drives
from tests.support.cli import until
from tests.support.drives import Drive


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return drives.make(tmp_path, empty_store, monkeypatch)


@contextmanager
def _stopped(drive: Drive, *flags: str) -> Iterator[None]:
    """A driver for whom others work lives beside; it has looked, and does nothing more."""
    with drive.orch.start(
        "drive", "--run", "r", "--workers", "0", "--until", "forever", *flags
    ) as driver:
        driver.asleep(drive.lead.store)
        driver.signal(signal.SIGSTOP)
        yield
        driver.kill()


def _first(drive: Drive, *look: str) -> str:
    return drive.orch.quick(*look).steps[0]


def test_what_its_settings_leave_to_people_is_printed(drive: Drive) -> None:
    drive.lead.task("a")
    drive.lead.finish("a")
    with _stopped(drive, "--no-land"):
        assert _first(drive, "task", "show", "r/a") == "orch queue add r/a"
        assert _first(drive, "run", "set", "r", "at_once=2") == "orch status --run r"


def test_what_it_asks_for_is_printed_and_what_it_gives_is_not(drive: Drive) -> None:
    drive.orch.ok("run", "set", "r", "retry.failed=1")
    for name, how in (("later", ()), ("never", ("--permanent",))):
        drive.lead.task(name)
        sent = drive.lead.dispatch(name)
        drive.lead.claim(sent)
        words = ("fail", "--agent", "w1", "--thread", sent["thread"]["thread_id"])
        drive.lead.inbox.ok(*words, "--summary", "no luck", *how)
    drive.orch.ok("run", "set", "r", "at_once=1")
    drive.lead.task("busy")
    drive.lead.claim(drive.lead.dispatch("busy"))
    with _stopped(drive):
        assert _first(drive, "task", "show", "r/never") == "orch retry r/never"
        assert _first(drive, "status", "--run", "r") == "orch retry r/never"
        assert _first(drive, "task", "show", "r/later") == "orch wait --run r"


def test_a_run_whose_plan_waits_is_not_to_be_closed(drive: Drive) -> None:
    orch = drive.orch
    orch.ok("request", "new", "--request", "q", "--title", "Better", "--body", "Make it so.")
    sent = orch.ok("request", "plan", "q", "--agent", "eng", "--run", "r")
    plan = drive.lead.home / "plan.yaml"
    plan.write_text("- {id: x, acceptance: [it is]}\n")
    thread = ("--agent", "eng", "--thread", sent["attempt"]["thread_id"])
    drive.lead.inbox.ok("claim", *thread)
    drive.lead.inbox.ok("done", *thread, "--summary", "planned", "--body-file", str(plan))
    assert _first(drive, "status", "--run", "r") == "orch plan apply --request q"


def test_a_line_is_told_before_what_comes_of_it(drive: Drive) -> None:
    drive.task("a")
    drive.lead.config('[check.unit]\ncommand = ["true"]\n' + drives.FREE)
    text = drive.run("--until", "done", workers=1).out
    told = [line.split(" ", 1)[1] for line in text.splitlines() if " r" in line]
    order = [next(i for i, line in enumerate(told) if word in line)
             for word in ("dispatched", "checks passed", "queued for", "landed on")]  # fmt: skip
    assert order == sorted(order), text


def test_a_need_that_comes_of_a_landing_is_told_after_it(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch)
    drive.orch.ok("run", "init", "--run", "own", "--goal", "g")
    drive.orch.ok("task", "add", "--run", "own", "--task", "a")
    words = (
        "drive",
        "--run",
        "own",
        "--workers",
        "1",
        "--harness",
        "command",
        "--",
        *drive.program,
    )
    text = drive.orch.run(*words).out
    assert text.index("landed on") < text.index("! own integrate"), text


def test_a_run_that_somebody_closes_ends_its_driver_and_begins_nothing(drive: Drive) -> None:
    drive.orch.ok("run", "set", "r", "retry.first=1", "retry.jitter=0")
    drive.task("a", does="exit 3")
    with drive.start("--until", "done", workers=1) as driver:
        until(lambda: drive.lead.events("task_failed"), "a failed attempt")
        drive.orch.ok("run", "close", "--run", "r")
        answer = driver.wait()
    assert answer.status == 0, answer
    assert "run r is closed" in answer.out
    assert answer.steps[0] == "orch report --run r"
    assert len(drive.lead.attempts("a")) == 1, "begun in a closed run"


def test_a_driver_that_stands_by_does_so_as_long_as_it_may(drive: Drive) -> None:
    drive.lead.task("a")
    with _stopped(drive):
        words = ("drive", "--run", "r", "--until", "done", "--for", "0.3s")
        answer = drive.orch.run(*words)
        assert answer.status == 10, answer
        assert answer.steps == ["orch wait --run r"]
        look = drive.orch.quick("drive", "--run", "r", "--dry-run")
        assert look.steps == ["orch wait --run r"]


def test_what_was_given_is_not_told_before_the_driver_has_looked(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = '[policy]\nlow = ["human"]\nmedium = []\nhigh = []\nbuiltin = false\n'
    drive = drives.make(tmp_path, empty_store, monkeypatch, asked)
    drive.lead.task("a")
    drive.lead.finish("a")
    wait = ("wait", "--run", "r", "--timeout-seconds", "0.2")
    with drive.orch.start("drive", "--run", "r", "--workers", "0", "--until", "forever") as driver:
        until(lambda: drive.lead.events("drive_need"), "the need")
        driver.asleep(drive.lead.store)
        driver.signal(signal.SIGSTOP)
        step = _first(drive, "status", "--run", "r")
        assert step.startswith("orch queue approve"), step
        drive.orch.ok(*step.split()[1:])
        told = drive.orch.ok(*wait)["news"]
        assert "approval" not in {one["kind"] for one in told}
        driver.kill()
