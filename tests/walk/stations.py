"""The stations of a run, each built by the real programs: what a leader can come upon.

Adding one? A function that takes the run there; its name with dashes is the station's.
"""

from collections.abc import Callable

from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import lapse, worktree

# Nobody has to approve anything.
OPEN = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
HUMAN = OPEN.replace("low = []", 'low = ["human"]')
OK = check("ok", "true")

STATIONS: dict[str, Callable[[Landing], None]] = {}


def _station(build: Callable[[Landing], None]) -> Callable[[Landing], None]:
    STATIONS[build.__name__.strip("_").replace("_", "-")] = build
    return build


@_station
def _empty(land: Landing) -> None:
    """A run without a task."""


@_station
def _planned(land: Landing) -> None:
    land.lead.task("a")
    land.lead.task("b", "--depends-on", "a")
    land.orch.ok("cancel", "r/a", "--reason", "not needed")


@_station
def _ready(land: Landing) -> None:
    land.lead.task("a", "--execution-mode", "code")
    land.lead.task("b", "--execution-mode", "code")


@_station
def _ready_no_default(land: Landing) -> None:
    land.orch.ok("task", "add", "--run", "r", "--task", "a", "--title", "A")


@_station
def _lock_waiting(land: Landing) -> None:
    land.lead.task("a", "--lock", "x")
    land.lead.task("b", "--lock", "x")
    land.lead.claim(land.lead.dispatch("a"))


@_station
def _unserved_name(land: Landing) -> None:
    land.lead.task("a")
    land.lead.dispatch("a", "--to", "nobody")


@_station
def _running(land: Landing) -> None:
    land.lead.task("a")
    land.lead.claim(land.lead.dispatch("a"))


@_station
def _asked(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.ask(sent)


@_station
def _answered(land: Landing) -> None:
    _asked(land)
    land.orch.ok("answer", "r/a", "--body", "this one")


@_station
def _stale(land: Landing) -> None:
    land.lead.task("a")
    lapse(land.lead, land.lead.dispatch("a"))


@_station
def _verifying(land: Landing) -> None:
    land.lead.config(OPEN + OK)
    _reported(land, "--required-check", "ok")


def _reported(land: Landing, *flags: str) -> None:
    land.lead.task("a", *flags)
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.commit(sent)
    land.lead.done(sent)


@_station
def _check_failed(land: Landing) -> None:
    land.lead.config(OPEN + check("ok", "test -e b.txt"))
    _reported(land, "--required-check", "ok")
    land.lead.verify("a")


@_station
def _check_error(land: Landing) -> None:
    land.lead.config(OPEN + '[check.ok]\ncommand = ["/no/such/program"]\n')
    _reported(land, "--required-check", "ok")
    land.lead.verify("a")


@_station
def _external_check(land: Landing) -> None:
    _reported(land, "--required-check", "elsewhere")


@_station
def _failed(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.fail(sent)


@_station
def _paths(land: Landing) -> None:
    _reported(land, "--allowed-path", "src/**")


@_station
def _dirty(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.commit(sent)
    (worktree(sent) / "left.txt").write_text("left\n")
    land.lead.done(sent)


@_station
def _done(land: Landing) -> None:
    land.work("a")


@_station
def _nothing_to_land(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.done(sent)


@_station
def _queued(land: Landing) -> None:
    land.work("a")
    land.add("a")


@_station
def _conflict(land: Landing) -> None:
    for task in ("a", "b"):
        land.lead.task(task)
    for task, sent in [(t, land.lead.dispatch(t)) for t in ("a", "b")]:
        land.end(sent, {"same.txt": f"{task}\n"})
    land.add("a", "b")
    land.try_run()


@_station
def _approval_missing(land: Landing) -> None:
    land.lead.config(HUMAN)
    land.work("a")
    land.add("a")
    land.try_run()


@_station
def _approval_given(land: Landing) -> None:
    _approval_missing(land)
    land.approve("ent_1")


@_station
def _held(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "hold", "ent_1", "--reason", "freeze")


@_station
def _queue_held(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "hold", "--target", INTEGRATION, "--run", "r", "--reason", "freeze")


@_station
def _rejected(land: Landing) -> None:
    _approval_missing(land)
    land.orch.ok("queue", "reject", "ent_1", "--as", "ana", "--note", "no tests")


@_station
def _entry_cancelled(land: Landing) -> None:
    _queued(land)
    land.orch.ok("queue", "cancel", "ent_1", "--reason", "not yet")


@_station
def _landed_on_own(land: Landing) -> None:
    _queued(land)
    land.run()


@_station
def _landed(land: Landing) -> None:
    _landed_on_own(land)
    land.orch.ok("integrate", "--run", "r")


@_station
def _rolled_back(land: Landing) -> None:
    _landed_on_own(land)
    land.orch.ok("queue", "rollback", "ent_1", "--as", "ana", "--reason", "wrong")


@_station
def _budget(land: Landing) -> None:
    land.orch.ok("run", "budget", "--run", "r", "--budget", "attempts=1")
    land.work("a")
    land.lead.task("b")


@_station
def _tampered(land: Landing) -> None:
    land.lead.task("a")
    hook = land.repo.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)


@_station
def _closed_unlanded(land: Landing) -> None:
    land.work("a")
    land.orch.ok("run", "close", "--run", "r", "--force")


@_station
def _cancelled(land: Landing) -> None:
    land.lead.task("a")
    land.orch.ok("cancel", "--run", "r", "--reason", "out of scope")
