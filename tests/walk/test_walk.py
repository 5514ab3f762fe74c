"""Every command that is printed at a station of a run works when it is pasted there (I25).

Paste: each line of each view, in a fresh copy of the station; on a terminal, too, where a person's
words are asked for. Follow: of what is printed only the
first is obeyed, and the run comes to its end. `make layers` walks all stations, `make test` some.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.cli import asking
from orch.operations import driving
from orch.steps.model import is_drivers
from schema.open import open_store
from schema.steps import BLANKS, Step, read
from tests.support.cli import until
from tests.support.queues import Landing
from tests.support.runs import Lead, worktree
from tests.support.stage import Stage
from tests.support.steps import filled, programs
from tests.support.terminal import Terminal
from tests.torture import runner
from tests.walk import driven_stations, worked_stations
from tests.walk.stations import MENDED, OPEN, STATIONS

pytestmark = pytest.mark.layers

assert worked_stations and driven_stations  # They register their own.
_ALL = sorted(STATIONS)
_WALKED = runner.some(_ALL, one_in=8)
_VIEWS = (
    "status --run r", "top --once", "wait --run r --timeout-seconds 0.1", "ready --run r",
    "report --run r", "graph --run r", "queue list --run r", "run show --run r", "task show r/a",
    "blocked --run r", "reconcile --run r", "task list --run r", "queue show r/a",
    "verify status r/a", "integrate --run r --dry-run", "run list",
    "queue add r/a", "run close --run r", "dispatch r/a", "queue run --run r", "cleanup r/a",
)  # fmt: skip
_OURS = ("orch", "inbox")
_WAITS = ("orch wait", "inbox watch", "inbox wait-reply")
# What needs a client that is not there, or writes where a person said.
_NOT_PASTED = re.compile(r"--harness|^orch setup|^git ")
_MOST_STEPS = 12
_LOOKS = {"blocked", "ready", "status", "queue list", "queue show", "task show"}


class Station:
    """A run at a station, in a copy of its own as often as one wants."""

    def __init__(self, name: str, stage: Stage[Landing], patch: pytest.MonkeyPatch) -> None:
        self._stage, self._patch, self.name = stage, patch, name
        self.land = stage.scene

    def fresh(self) -> Landing:
        """Be there again, as it was made."""
        return self._stage.restore(self._patch)

    def printed(self, view: str) -> list[str]:
        """Return the commands that a view prints, on either stream."""
        answer = self.land.orch.quick(*view.split(" "))
        shown = [line.strip()[2:] for line in answer.out.splitlines() if line.startswith("    $ ")]
        return [*answer.steps, *shown]

    def paste(self, line: str) -> tuple[int, str]:
        """Give a line to a shell, a person's words filled in; return its end and its errors.

        What any shell reads as these very words needs none, nor a start of its own.
        """
        parts = [shlex.join(filled(shlex.split(part))) for part in line.split(" && ")]
        if line.startswith(_WAITS) and "--timeout-seconds" not in line:
            parts[0] += " --timeout-seconds 0.1"
        program, *words = shlex.split(parts[0])
        if len(parts) == 1 and program in _OURS and shlex.join(shlex.split(line)) == line:
            cli = self.land.orch if program == "orch" else self.land.lead.inbox
            answer = cli.quick(*words, cwd=self.land.lead.top, deadline=100)
            return answer.status, answer.err
        done = subprocess.run(
            ["bash", "-c", " && ".join(parts)], cwd=self.land.lead.top,
            env=self.land.orch.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    def paste_on_terminal(self, line: str) -> tuple[int, str]:
        """Give a step to a terminal as that shows it; type what is asked for; return its end."""
        words = shlex.split(line)
        shown = asking.without_blanks(Step(words), programs()[words[0]]).argv
        cli = self.land.orch if words[0] == "orch" else self.land.lead.inbox
        with Terminal(cli, *shown[1:]) as terminal:
            for _ in filter(BLANKS.__contains__, words):
                terminal.read(lambda t: _asked(t) or t.process.poll() is not None, "a question")
                lines = terminal.text.count("\n")
                terminal.type(filled([_asked(terminal)])[0] + "\n")
                terminal.read(lambda t, n=lines: t.text.count("\n") > n, "an echo")
            return terminal.wait(), terminal.text


def _asked(terminal: Terminal) -> str:
    """Return the blank that a terminal asks for, "" while it asks nothing."""
    last = terminal.text.rpartition("\n")[2]
    found = [blank for blank, meaning in BLANKS.items() if f", {meaning}" in last]
    return found[0] if found and last.endswith(": ") else ""


@pytest.fixture(scope="module", params=_WALKED)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[Stage[Landing]]:
    def make(home: Path) -> Landing:
        lead = Lead(home, empty_store)
        lead.config(OPEN)
        lead.run()
        land = Landing(lead)
        STATIONS[request.param](land)
        lead.orch.quick("reconcile", "--run", "r")
        return land

    yield Stage(tmp_path_factory.mktemp(request.param), make)
    driven_stations.end_drivers()


@pytest.fixture
def station(
    request: pytest.FixtureRequest, stage: Stage[Landing], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Station]:
    found = Station(request.node.callspec.params["stage"], stage, monkeypatch)
    found.fresh()
    yield found
    found.fresh()


def test_every_printed_command_works(station: Station) -> None:
    lines: dict[str, str] = {}
    for view in _VIEWS:
        for line in station.printed(view):
            lines.setdefault(line, view)
        if view in _CHANGING:
            station.fresh()
    if station.name == "driven":  # What its driver gives by itself is asked of nobody.
        db = open_store(str(station.land.lead.store))
        with db.read() as tx:
            policy = driving.policy(tx, "r")
        db.close()
        assert not [line for line in lines if is_drivers(read(line), policy)]
    wrong = []
    for line, view in lines.items():
        if _NOT_PASTED.search(line):
            continue
        station.fresh()
        if view in _CHANGING:
            station.printed(view)
        status, told = station.paste(line)
        if status not in _fine(line):
            wrong.append(f"{view} prints: {line}\n{status}: {told.strip()}")
        if not BLANKS.keys().isdisjoint(shlex.split(line)) and "&&" not in line:
            station.fresh()
            if view in _CHANGING:
                station.printed(view)
            status, text = station.paste_on_terminal(line)
            if status not in _fine(line):
                wrong.append(f"{view} prints on a terminal: {line}\n{status}: {text}")
    assert not wrong, "\n\n".join(wrong)


# A wait moves its leader's place, and records what it found: what it printed counts after it.
_CHANGING = frozenset(_VIEWS[16:]) | {"wait --run r --timeout-seconds 0.1"}


def test_the_first_step_leads_to_the_end(station: Station) -> None:
    """Of `orch status` only the first line is obeyed; workers do their work meanwhile.

    What a check or the target lacks, a person mends once it was seen.
    """
    if station.name in driven_stations.NOT_FOLLOWED:
        return  # Only its driver brings it on.
    taken: list[str] = []
    for _ in range(2 * _MOST_STEPS):
        if _is_closed(station.land):
            return
        _work(station.land)
        line = _first(station, "status --run r")
        state = f"{line} at event {_events(station.land)}"
        if not line.startswith(_WAITS):
            assert state not in taken, f"twice in one state: {taken}"
            taken.append(state)
        assert len(taken) <= _MOST_STEPS, taken
        status, told = station.paste(line)
        mend = MENDED.get(station.name) if len(taken) == 1 else None
        if mend is not None:
            mend(station.land)
        assert mend or status in _fine(line), (line, told, taken)
    raise AssertionError(f"no end: {taken}")


def _fine(line: str) -> tuple[int, ...]:
    """Return the exits of a command that works: that checks or a plan fail is their answer."""
    if line.startswith("orch plan check"):
        return (0, 30)
    return (0, 10, 90) if line.startswith("orch verify run") else (0, 10)


def _first(station: Station, view: str, looks: int = 4) -> str:
    """Return the first step of a view that moves something; a look is asked for its own.

    Those of git are one step: each is to be given after the other.
    """
    assert looks, "looks lead in a circle"
    steps = station.printed(view)
    assert steps, f"{view} leads nowhere"
    words = shlex.split(steps[0])
    if words[0] == "git":
        return " && ".join(steps)
    is_look = bool({" ".join(words[1:2]), " ".join(words[1:3])} & _LOOKS)
    if steps[0].startswith(_WAITS) or not is_look:
        return steps[0]
    return _first(station, " ".join(filled(words)[1:]), looks - 1)


def _is_closed(land: Landing) -> bool:
    return land.orch.ok("run", "show", "--run", "r")["run"]["closed_at"] is not None


def _events(land: Landing) -> int:
    found: int = land.orch.ok("status", "--run", "r")["high_event_id"]
    return found


def _work(land: Landing) -> None:
    """Do what each worker who has something to do would do."""
    lead = land.lead
    for task in lead.do("status")["tasks"]:
        latest = task["latest_attempt"]
        if task["status"] not in ("dispatched", "running", "blocked"):
            continue
        sent = {"thread": {"thread_id": latest["thread_id"]}, "attempt": latest}
        who, pool = latest["assigned_to"], ()
        if who.startswith("@"):  # Whoever serves the pool.
            who, pool = "w1", ("--pool", who[1:])
        asks = task["status"] == "blocked" and task["latest_message"]["kind"] == "question"
        if latest["liveness"] in ("stale", "gone") or asks:
            continue
        if task["status"] == "dispatched":
            words = ("--json", "claim", "--agent", who, "--thread", latest["thread_id"])
            words += pool
            until(lambda w=words: lead.inbox.quick(*w).status == 0, "its time to begin")
        if latest["worktree_path"]:
            name = f"{task['task_id']}-{latest['attempt_no']}.txt"
            lead.repo.commit(name, "done\n", cwd=worktree(sent))
        lead.done(sent, who)
    lead.do("reconcile")
