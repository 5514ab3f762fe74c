"""Layer `server`: 8 clients of a store on a server, killed at random; so is the server itself.

What layer `kill` does to a file: two clients share each name, leases last 50 ms, lost answers are
repeated. In every fifth round all of the server's processes are killed too, as by a power cut, and
it is started again under its clients. Unit: rounds of 8 kills.
"""

import os
import random
import signal
import time

from schema.failures import Failure
from tests.support import invariants, places, servers
from tests.support.journal import Journal
from tests.support.session import Session
from tests.torture import kill
from tests.torture.client import Client
from tests.torture.report import Budget, Report

_ROUNDS_PER_STORE = 25
_SERVER_EVERY = 5
_LONGEST_LIFE = 0.4  # Seconds: a connection and its first plans take a tenth of that.
_PAUSE = 0.02  # Of a client whose server is away.


def run(budget: Budget, report: Report) -> None:
    """Kill until the budget is spent; every store is checked when its rounds are over."""
    cluster = servers.Cluster()
    try:
        with places.folder() as state:
            os.environ["XDG_STATE_HOME"] = state
            _warm_up(cluster.make("warm"))
            for first in budget.rounds(_ROUNDS_PER_STORE):
                _one_store(cluster, first, budget, report)
    finally:
        cluster.stop()


def _one_store(cluster: servers.Cluster, first: int, budget: Budget, report: Report) -> None:
    name = f"store_{first}"
    url = cluster.make(name)
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        for number in range(first, min(first + _ROUNDS_PER_STORE, budget.count)):
            _round(cluster, url, path, number % _SERVER_EVERY == 0, report)
        for slot in range(kill.WORKERS):
            places.in_child(lambda slot=slot: _work(url, path, slot, 0, 1))
        stories = kill.journals(path)
        report.violate(*places.in_child(lambda: invariants.of_server(url, stories)))
        report.violate(*places.in_child(lambda: invariants.doctor(url)))
        kill.count(stories, report, may_be_away=True)
    cluster.drop(name)


def _warm_up(url: str) -> None:
    """Load every module before forking, so that clients live on the store at once."""
    session = Session(url)
    client = Client(session.run, Journal(), "w0", "s0", random.Random(1))
    for _ in range(60):
        client.step()
    session.close()


def _round(cluster: servers.Cluster, url: str, path: str, server_too: bool, report: Report) -> None:
    rng = report.random
    alive = {}
    for slot in range(kill.WORKERS):
        seed = rng.getrandbits(64)
        pid = places.fork(lambda slot=slot, seed=seed: _work(url, path, slot, seed, 2_000))
        alive[pid] = slot
    if server_too:
        time.sleep(rng.uniform(0.05, _LONGEST_LIFE))
        cluster.kill()
        cluster.start()
        report.add("kills of the server")
    begin = time.monotonic()
    for due, pid in sorted((rng.uniform(0.02, _LONGEST_LIFE), pid) for pid in alive):
        time.sleep(max(0.0, begin + due - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
    for pid, slot in alive.items():
        status = places.reap(pid)
        if status != -signal.SIGKILL:
            report.violate(f"client {slot} ended with {status} before it was killed")
    report.add("rounds")
    report.add("kills", len(alive))


def _work(url: str, path: str, slot: int, seed: int, steps: int) -> None:
    """Be one client: what was lost comes first; a server that is away is awaited."""
    own = Journal(f"{path}.journal-{slot}")
    session = _opened(url)
    client = Client(session.run, own, f"w{slot // 2}", f"s{slot}", random.Random(seed))
    for _ in range(steps):
        if client.step().exit == 70:
            time.sleep(_PAUSE)


def _opened(url: str) -> Session:
    while True:
        try:
            return Session(url)
        except Failure as failure:
            if failure.reason != "io":
                raise
            time.sleep(_PAUSE)
