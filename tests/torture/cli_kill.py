"""Layer `cli`: the console script killed at random moments; lost answers repeated with the key.

Four agents, each one process per command. A killed command whose answer did not come whole is
run again, the same, until it is answered. Unit: kills.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

from tests.support import invariants, places
from tests.support.cli import clean_environment
from tests.support.journal import Journal
from tests.support.session import Answer
from tests.torture import kill, planted
from tests.torture.client import Client
from tests.torture.report import Budget, Report

AGENTS = 4
_KILLS_PER_STORE = 200
_DEADLINE = 60.0
_CODE = (
    "from tests.torture import planted; planted.apply(); from inbox.cli.main import main; main()"
)
_SCRIPT = os.path.join(os.path.dirname(sys.executable), "inbox")


def run(budget: Budget, report: Report) -> None:
    """Kill until the budget is spent; every store is checked at its end."""
    for first in budget.rounds(_KILLS_PER_STORE):
        kills = min(_KILLS_PER_STORE, budget.count - first)
        with places.folder() as where:
            path = os.path.join(where, places.STORE)
            places.in_child(lambda path=path: kill.create(path))
            pids = {}
            for slot in range(AGENTS):
                seed = report.random.getrandbits(64)
                share = kills // AGENTS + (slot < kills % AGENTS)
                work = _agent(path, slot, seed, share)
                pids[places.fork(work)] = slot
            for pid, slot in pids.items():
                status = places.reap(pid, _DEADLINE + kills)
                if status:
                    report.violate(f"agent {slot} ended with {status}")
            stories = kill.journals(path)
            report.violate(*places.in_child(lambda p=path, s=stories: invariants.violations(p, s)))
            report.violate(*places.in_child(lambda p=path: invariants.doctor(p)))
            kill.count(stories, report)
            for story in stories:
                report.add("kills", sum("killed" in entry for entry in story))


def _agent(path: str, slot: int, seed: int, kills: int):
    def _work() -> None:
        console = _Console(path, Journal(f"{path}.journal-{slot}"), random.Random(seed), kills)
        client = Client(
            console.run, console.journal, f"w{slot}", f"s{slot}", console.random, lease_seconds=0.2
        )
        while console.kills:
            client.step()

    return _work


class _Console:
    """Runs commands as processes and kills most of them somewhere."""

    def __init__(self, path: str, journal: Journal, rng: random.Random, kills: int) -> None:
        self.path = path
        self.journal = journal
        self.random = rng
        self.kills = kills
        self.typical = 0.1  # How long a command takes here; learned.
        self.environment = clean_environment(os.path.dirname(path), ORCH_DB=path, ORCH_JSON="1")
        self.script = [_SCRIPT]
        if planted.active():
            self.environment[planted.ENV] = planted.active()
            self.script = [sys.executable, "-c", _CODE]

    def run(self, *argv: str) -> Answer:
        """Run until it is answered; each try may be killed, once there are kills left."""
        while True:
            begin = time.monotonic()
            process = subprocess.Popen(
                [*self.script, *argv],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            if self.kills and self.random.random() < 0.8:
                time.sleep(self.random.uniform(0.4, 1.1) * self.typical)
                process.send_signal(signal.SIGKILL)
            out, err = process.communicate(timeout=_DEADLINE)
            if process.returncode == -signal.SIGKILL:
                self.kills -= 1
                self.journal.add(killed=argv[0])
                continue  # The answer may be out or not: either way nobody has read it.
            self.typical += 0.1 * (time.monotonic() - begin - self.typical)
            return _answer(process.returncode, out, err)


def _answer(status: int, out: bytes, err: bytes) -> Answer:
    if not out.endswith(b"\n") or out.count(b"\n") != 1:
        raise AssertionError(f"exit {status}, stdout {out!r}, stderr {err[-500:]!r}")
    document = json.loads(out)
    if document["ok"] != (status == 0):
        raise AssertionError(f"exit {status} with {out!r}")
    return Answer(status, document)
