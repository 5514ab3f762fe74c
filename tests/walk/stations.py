"""The stations of a run, each built by the real programs: what a leader can come upon.

Adding one? A function that takes the run there; its name with dashes is the station's.
"""

from collections.abc import Callable
from pathlib import Path

from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import lapse, worktree

# Nobody has to approve anything.
OPEN = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
HUMAN = OPEN.replace("low = []", 'low = ["human"]')
OK = check("ok", "true")

STATIONS: dict[str, Callable[[Landing], None]] = {}


def station(build: Callable[[Landing], None]) -> Callable[[Landing], None]:
    """Register a station under its function's name."""
    STATIONS[build.__name__.strip("_").replace("_", "-")] = build
    return build


@station
def _empty(land: Landing) -> None:
    """A run without a task."""


@station
def _planned(land: Landing) -> None:
    land.lead.task("a")
    land.lead.task("b", "--depends-on", "a")
    land.orch.ok("cancel", "r/a", "--reason", "not needed")


@station
def _ready(land: Landing) -> None:
    land.lead.task("a", "--execution-mode", "code")
    land.lead.task("b", "--execution-mode", "code")


@station
def _ready_no_default(land: Landing) -> None:
    land.orch.ok("task", "add", "--run", "r", "--task", "a", "--title", "A")


@station
def _lock_waiting(land: Landing) -> None:
    land.lead.task("a", "--lock", "x")
    land.lead.task("b", "--lock", "x")
    land.lead.claim(land.lead.dispatch("a"))


@station
def _unserved_name(land: Landing) -> None:
    land.lead.task("a")
    land.lead.dispatch("a", "--to", "nobody")


@station
def _running(land: Landing) -> None:
    land.lead.task("a")
    land.lead.claim(land.lead.dispatch("a"))


@station
def _asked(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.ask(sent)


@station
def _answered(land: Landing) -> None:
    _asked(land)
    land.orch.ok("answer", "r/a", "--body", "this one")


@station
def _stale(land: Landing) -> None:
    land.lead.task("a")
    lapse(land.lead, land.lead.dispatch("a"))


@station
def _verifying(land: Landing) -> None:
    land.lead.config(OPEN + OK)
    _reported(land, "--required-check", "ok")


def _reported(land: Landing, *flags: str) -> None:
    land.lead.task("a", *flags)
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.commit(sent)
    land.lead.done(sent)


@station
def _check_failed(land: Landing) -> None:
    land.lead.config(OPEN + check("ok", "test -e a-2.txt"))
    _reported(land, "--required-check", "ok")
    land.lead.verify("a")


def _program(land: Landing) -> Path:
    return land.lead.home / "program"


@station
def _check_error(land: Landing) -> None:
    land.lead.config(OPEN + f'[check.ok]\ncommand = ["{_program(land)}"]\n')
    _reported(land, "--required-check", "ok")
    land.lead.verify("a")


@station
def _external_check(land: Landing) -> None:
    _reported(land, "--required-check", "elsewhere")


@station
def _failed(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.fail(sent)


@station
def _paths(land: Landing) -> None:
    _reported(land, "--allowed-path", "src/**")


@station
def _dirty(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.commit(sent)
    (worktree(sent) / "left.txt").write_text("left\n")
    land.lead.done(sent)


@station
def _done(land: Landing) -> None:
    land.work("a")


@station
def _nothing_to_land(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.done(sent)


@station
def _queued(land: Landing) -> None:
    land.work("a")
    land.add("a")


@station
def _conflict(land: Landing) -> None:
    for task in ("a", "b"):
        land.lead.task(task)
    for task, sent in [(t, land.lead.dispatch(t)) for t in ("a", "b")]:
        land.end(sent, {"same.txt": f"{task}\n"})
    land.add("a", "b")
    land.try_run()


@station
def _approval_missing(land: Landing) -> None:
    land.lead.config(HUMAN)
    land.work("a")
    land.add("a")
    land.try_run()


@station
def _approval_given(land: Landing) -> None:
    _approval_missing(land)
    land.approve("ent_1")


@station
def _held(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "hold", "ent_1", "--reason", "freeze")


@station
def _queue_held(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "hold", "--target", INTEGRATION, "--run", "r", "--reason", "freeze")


@station
def _rejected(land: Landing) -> None:
    _approval_missing(land)
    land.orch.ok("queue", "reject", "ent_1", "--as", "ana", "--note", "no tests")


@station
def _entry_cancelled(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "cancel", "ent_1", "--reason", "not yet")


@station
def _landed_on_own(land: Landing) -> None:
    _queued(land)
    land.run()


@station
def _landed(land: Landing) -> None:
    _landed_on_own(land)
    land.orch.ok("integrate", "--run", "r")


@station
def _rolled_back(land: Landing) -> None:
    _landed_on_own(land)
    land.orch.ok("queue", "rollback", "ent_1", "--as", "ana", "--reason", "wrong")


@station
def _budget(land: Landing) -> None:
    land.orch.ok("run", "budget", "--run", "r", "--budget", "attempts=1")
    land.work("a")
    land.lead.task("b")


@station
def _tampered(land: Landing) -> None:
    land.lead.task("a")
    hook = land.repo.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)


@station
def _closed_unlanded(land: Landing) -> None:
    land.work("a")
    land.orch.ok("run", "close", "--run", "r", "--force")


@station
def _cancelled(land: Landing) -> None:
    land.lead.task("a")
    land.orch.ok("cancel", "--run", "r", "--reason", "out of scope")


@station
def _reworked(land: Landing) -> None:
    """What met a conflict is done again by its worker."""
    _conflicting(land)
    land.run()


def _conflicting(land: Landing) -> None:
    land.repo.commit("list.txt", "one\n")
    for task in ("a", "b"):
        land.lead.task(task)
    for task, sent in [(t, land.lead.dispatch(t)) for t in ("b", "a")]:
        land.end(sent, {"list.txt": f"{task} one\n"})
    land.add("b", "a")


@station
def _quarantined(land: Landing) -> None:
    land.lead.config(_strict("! test -e a.txt"))
    _queued(land)
    land.run()


def _strict(script: str) -> str:
    return OPEN + check("unit", script) + '[queue]\nchecks = ["unit"]\nfailures = 1\n'


@station
def _red(land: Landing) -> None:
    """The target fails its own check, which is nobody's fault who is queued."""
    land.repo.commit("broken", "x\n")
    land.lead.config(_strict("! test -e broken"))
    _queued(land)
    land.try_run()


def _install(land: Landing) -> None:
    _program(land).symlink_to("/bin/true")


def _mend_target(land: Landing) -> None:
    """Remove from the queue's branch what its check does not want."""
    place = land.lead.home / "fix"
    if INTEGRATION not in land.repo.refs() and f"refs/heads/{INTEGRATION}" not in land.repo.refs():
        land.repo.git("branch", INTEGRATION)
    land.repo.git("worktree", "add", "-q", str(place), INTEGRATION)
    land.repo.git("rm", "-q", "broken", cwd=place)
    land.repo.git("commit", "-qm", "mended", cwd=place)
    land.repo.git("worktree", "remove", str(place))


def _mend_check(land: Landing) -> None:
    land.lead.config(_strict("true"))


# What a person mends by hand once it was seen, by station.
MENDED: dict[str, Callable[[Landing], None]] = {
    "check-error": _install,
    "quarantined": _mend_check,
    "red": _mend_target,
}
