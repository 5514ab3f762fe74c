"""orch drive: from plan to landed, what it says at its end, and who may drive."""

import signal
from pathlib import Path

import pytest

from orch.drive import driver_lease, runner
from orch.drive.options import DriveOptions
from schema.failures import Failure
from tests.support import drives
from tests.support.cli import until
from tests.support.drives import Drive
from tests.support.engines import shell


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return drives.make(tmp_path, empty_store, monkeypatch)


def test_an_attempt_that_is_begun_by_itself_is_told_what_was_wrong(drive: Drive) -> None:
    first = '[ "$attempt" = attempt-1 ] && '
    drive.orch.ok("run", "set", "r", "retry.first=0.1")
    drive.task("nothing", does=f"{first}exit 0")
    drive.task("half", does=f"{first}echo draft > draft.txt && exit 3")
    answer = drive.run("--until", "blocked", "--json")
    assert answer.data["end"] == "landed", answer
    assert "If nothing is to be done, say so: inbox done" in drive.briefs("nothing")[1]
    ref = "refs/orch/salvage/r/half/1"
    assert f"git restore --source {ref} -- ." in drive.briefs("half")[1]
    ends = [(a["end_class"], a["begun_for"]) for a in drive.lead.attempts("half")]
    assert ends == [("crashed", None), (None, "crashed")]


def test_what_did_not_merge_begins_by_itself_once_its_prerequisites_have_landed(
    drive: Drive,
) -> None:
    drive.task("a", does="echo a > shared.txt")
    drive.task("b", does="[ -e shared.txt ] && echo both > shared.txt || echo b > shared.txt")
    drive.task("c", "--depends-on", "a", "--depends-on", "b")
    answer = drive.run("--until", "blocked", "--json")
    assert (answer.data["end"], answer.data["needs"]) == ("landed", []), answer
    refused = [e for e in drive.lead.events("drive_step") if e["payload"].get("refused")]
    assert {(e["task_id"], e["payload"]["refused"]) for e in refused} == {("c", "base_conflict")}
    assert len(drive.lead.attempts("c")) == 1


def test_what_a_person_began_is_checked_whatever_was_refused_before(drive: Drive) -> None:
    drive.orch.ok("run", "set", "r", "queue=false", "at_once=2")
    drive.task("a", does="echo a > shared.txt")
    drive.task("b", does="echo b > shared.txt")
    drive.task("c", "--depends-on", "a", "--depends-on", "b")
    (need,) = drive.run("--until", "blocked", "--json").json["data"]["needs"]
    assert need["kind"] == "base_conflict"
    how = ("--execution-mode", "code", "--to", "@auto", "--base-ref", "main")
    drive.orch.ok("dispatch", "r/c", *how)
    assert drive.run("--until", "blocked", "--json").json["data"]["needs"] == []
    assert drive.lead.now("c") == "done"


def test_a_storm_of_one_failure_stops_what_has_not_begun(drive: Drive) -> None:
    drive.orch.ok("run", "set", "r", "retry.storm=2", "retry.crashed=0", "at_once=1")
    for name in ("a", "b", "c"):
        drive.task(name, does="exit 3")
    answer = drive.run("--json", workers=1)
    storm = next(need for need in answer.json["data"]["needs"] if need["kind"] == "storm")
    assert storm["command"] == "orch run resume r"
    assert "(crashed: exit 3)" in storm["text"]
    assert drive.lead.attempts("c") == []
    assert drive.run("--json", workers=1).json["data"]["did"] == 0
    drive.orch.ok("run", "resume", "r")
    drive.run("--json", workers=1)
    assert [one["end_class"] for one in drive.lead.attempts("c")] == ["crashed"]


def test_a_plan_of_three_levels_lands_by_one_command(drive: Drive) -> None:
    """A crash is tried again, a red check goes back to its owner: nobody is asked."""
    drive.orch.ok("run", "set", "r", "retry.first=0.1")
    drive.task("a", does='[ "$attempt" = attempt-1 ] && exit 3')
    drive.task("b", does='[ "$attempt" = attempt-1 ] && touch broken || git rm -q broken')
    drive.task("c", "--depends-on", "a")
    answer = drive.run("--until", "done", "--json")
    assert answer.data["end"] == "landed", answer
    assert sorted(answer.data["landed"]) == ["r/a", "r/b", "r/c"]
    assert [one["end"] for one in answer.data["run_ends"]] == ["finished"]
    drive.settled("a", "b", "c")
    told = drive.steps()
    assert any(step.startswith("a: retry 2 of 3 to @auto: crashed (exit 3)") for step in told)
    assert any(
        step.startswith("b: retry 2 of 3 to @auto: check_failed, from its branch") for step in told
    )
    assert [e["event_type"] for e in drive.lead.events("drive_begun,drive_ended")] == [
        "drive_begun", "drive_ended",
    ]  # fmt: skip
    again = drive.run("--until", "idle", "--json")
    assert (again.status, again.json["data"]["end"], again.json["data"]["did"]) == (10, "empty", 0)
    assert drive.run("--until", "done", "--json").data["end"] == "landed"


def test_in_the_background_it_outlives_who_began_it(drive: Drive) -> None:
    drive.task("a")
    begun = drive.run("--until", "done", "--background", "--json").data
    assert begun["end"] == "background"
    until(lambda: drive.lead.events("drive_ended"), "it ends by itself")
    assert "landed on main" in Path(begun["log_path"]).read_text()
    drive.settled("a")


def test_a_look_writes_nothing(drive: Drive) -> None:
    drive.task("a")
    before = drive.orch.ok("events", "--run", "r")["events"][-1]["event_id"]
    flags = ("--workers", "1", "--harness", "command")
    look = drive.orch.ok("drive", "--run", "r", "--dry-run", *flags, "--", "true")["looks"][0]
    assert look["steps"] == ["dispatch a to @auto"]
    assert drive.orch.ok("drive", "--run", "r", "--explain")["looks"][0]["pass_no"] is None
    assert drive.orch.ok("drive", "--run", "r", "--audit")["looks"][0]["passes"] == []
    assert drive.orch.ok("events", "--run", "r")["events"][-1]["event_id"] == before


def test_a_paused_run_begins_nothing(drive: Drive) -> None:
    drive.task("a")
    drive.orch.ok("run", "pause", "r")
    answer = drive.run()
    assert answer.status == 90
    assert answer.steps == ["orch run resume r"]
    assert drive.steps() == []
    drive.orch.ok("run", "resume", "r")
    assert drive.run("--until", "done").status == 0
    drive.settled("a")


def test_a_second_driver_is_refused_with_the_pid_of_the_first(drive: Drive) -> None:
    with drive.start("--until", "forever") as first:
        until(lambda: drive.lead.events("drive_begun"), "the first one drives")
        error = drive.orch.refuse("lease_conflict", "held", "drive", "--run", "r")
        assert error["details"]["pid"] == first.pid
        shown = drive.orch.quick("status", "--run", "r")
        assert f"driven by process {first.pid}" in shown.out
        assert shown.steps == ["orch wait --run r"]
        first.signal(signal.SIGINT)
        ended = first.wait()
        assert ended.status == 130, ended
        assert "stopped; the same command goes on" in ended.out


def test_another_that_stands_by_takes_over_from_one_that_was_killed(drive: Drive) -> None:
    with drive.start("--until", "forever") as first:
        until(lambda: drive.lead.events("drive_begun"), "the first one drives")
        with drive.start("--until", "done") as second:
            assert "stands by" in second.line()
            drive.task("a")
            first.kill()
            assert second.wait().status == 0
    drive.settled("a")


def test_an_orch_toml_that_is_being_mended_ends_nothing(drive: Drive) -> None:
    good = (drive.top / "orch.toml").read_text()
    with drive.start("--until", "forever") as running:
        until(lambda: drive.lead.events("drive_begun"), "it drives")
        drive.lead.config("[queue\n")
        drive.task("a")
        assert "~ r " in running.line()
        drive.lead.config(good)
        # A look between the file and its commit says that the checkout is dirty.
        assert "r/a dispatched" in next(
            line for _ in range(9) if "! r dirty" not in (line := running.line())
        )
        running.signal(signal.SIGINT)
        assert running.wait().status == 130


def test_a_checkout_that_is_cleaned_by_hand_is_seen(drive: Drive) -> None:
    (drive.top / "mine.txt").write_text("mine\n")
    drive.task("a")
    with drive.start("--until", "forever") as running:
        assert "! r dirty" in running.line()
        (drive.top / "mine.txt").unlink()
        assert "r/a dispatched" in running.line()
        running.signal(signal.SIGINT)
        assert running.wait().status == 130


def test_who_lost_its_lease_changes_nothing_more(drive: Drive) -> None:
    """I19: each write of a driver that was taken over is refused, whatever it calls."""
    db, other = (drive.lead.inbox.open() for _ in range(2))
    first = driver_lease.take(db, "r", steal=False, until="done")
    shell(drive.lead.inbox, "UPDATE drive SET runner_pid = 1, runner_until = 1")
    second = driver_lease.take(other, "r", steal=True, until="done")
    with first.over(db), pytest.raises(Failure) as refused, db.write():
        pass
    assert (refused.value.code, refused.value.reason) == ("lease_conflict", "superseded")
    with second.over(other), other.write() as tx:
        second.require(tx)
    for one in (db, other):
        one.close()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--workers", "2"), "no agent client is named"),
        (("--harness", "claude,codex"), "one client drives a run"),
        (("--harness", "nobody"), "nobody"),
        (("--at-once", "1000"), "at_once"),
        (("--set", "atonce=1"), "at_once"),
        (("--dry-run", "--once"), "exclude each other"),
        (("--until", "soon"), "--until"),
    ],
)
def test_bad_flags_are_refused_before_anything_begins(
    drive: Drive, flags: tuple[str, ...], says: str
) -> None:
    answer = drive.orch.quick("--json", "drive", "--run", "r", *flags)
    assert answer.status == 30, answer
    assert says in answer.error["message"] + answer.error["hint"]
    assert drive.lead.events("drive_begun") == []


def test_what_is_not_landed_says_how_and_what_is_closed_is_only_read(drive: Drive) -> None:
    drive.task("a")
    left = drive.run("--no-land", "--json")
    assert [one["end"] for one in left.data["run_ends"]] == ["land"]
    assert [step["command"] for step in left.json["next"]] == ["orch land r"]
    drive.orch.ok("run", "set", "r", "close=true")
    over = drive.run("--json")
    assert [one["closed"] for one in over.data["run_ends"]] == [True]
    assert [step["command"] for step in over.json["next"]] == ["orch report --run r"]


def test_what_happens_in_other_runs_does_not_wake_it_each_time(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive.task("a", "--default-to", "nobody")
    monkeypatch.chdir(drive.top)  # It drives in this process.
    db = drive.lead.inbox.open()
    driver = runner.Driver(db, DriveOptions("blocked"), lambda *_: None)
    driver._take("r")
    (one,) = driver._driven
    driver._bring_on(one)
    assert not driver._is_due(one)
    drive.lead.run(run="other")
    assert not driver._is_due(one), "it has looked just now"
    one.passed -= 60
    assert driver._is_due(one), "it looks now and then all the same"
    driver._bring_on(one)
    drive.task("b")
    assert driver._is_due(one)
    driver._go()
    db.close()


def test_a_driver_that_was_stopped_says_how_the_same_goes_on(drive: Drive) -> None:
    drive.task("a", does=f"touch {drive.lead.home}/begun; exec sleep 60")
    with drive.start("--json", "--until", "done", workers=1) as running:
        until((drive.lead.home / "begun").exists, "its agent")
        running.signal(signal.SIGTERM)
        answer = running.wait()
    words = ["orch", "drive", "--run", "r", "--until", "done", "--workers", "1", "--harness"]
    assert answer.json["next"][0]["argv"] == [*words, "command", "--", *drive.program]
