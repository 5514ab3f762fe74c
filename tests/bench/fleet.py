"""1,000 machines and 10,000 workers on one store, in virtual time: what binds first.

One server whose changes wait for one lock (service time as `engines` measures it), a pool of
connections, a remote that takes pushes; virtual agents after docs/design/machines.md. No machine is
asked for anything: seconds of ours are hours of theirs. The same seed gives the same table.
"""

import heapq
import itertools
import random
from collections.abc import Callable

MACHINES, WORKERS = 1_000, 10_000
TASK_SECONDS, LEASE, RENEW, LOOK = 600.0, 900.0, 300.0, 20.0
_HOURS = 1.0


class World:
    """The events to come, the store's lock and the remote as servers with a queue each."""

    def __init__(self, seed: int, *, commit: float, push: float, forges: int, round_trip: float):
        self.random = random.Random(seed)
        self.now = 0.0
        self.commit, self.push, self.round_trip = commit, push, round_trip
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._store_free = 0.0
        self._forge_free = [0.0] * forges
        self.waits: list[float] = []
        self.pushes: list[float] = []
        self.changes = self.renewals = self.done = self.lost = 0
        self.store_busy = 0.0

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._events, (when, next(self._numbers), what))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] <= until:
            self.now, _, what = heapq.heappop(self._events)
            what()

    def change(self, then: Callable[[], None] = lambda: None) -> None:
        """One change under the store's lock; `then` once it is answered."""
        begin = max(self.now, self._store_free)
        self._store_free = begin + self.commit
        self.store_busy += self.commit
        self.changes += 1
        self.waits.append(self._store_free + self.round_trip - self.now)
        self.at(self._store_free + self.round_trip, then)

    def deliver(self, then: Callable[[], None]) -> None:
        """One push to the remote."""
        number = min(range(len(self._forge_free)), key=self._forge_free.__getitem__)
        begin = max(self.now, self._forge_free[number])
        self._forge_free[number] = begin + self.push
        self.pushes.append(self._forge_free[number] - self.now)
        self.at(self._forge_free[number], then)


class Worker:
    """An agent that claims, reports once in a while, pushes, is done, and claims again."""

    def __init__(self, world: World, progress: float) -> None:
        self.world = world
        self._progress = progress
        self._turn = 0
        self.is_gone = False
        world.at(world.random.uniform(0, TASK_SECONDS), self._claim)

    def _claim(self) -> None:
        if not self.is_gone:
            self.world.change(self._begin)

    def _begin(self) -> None:
        self._turn += 1
        world, turn = self.world, self._turn
        length = world.random.lognormvariate(0, 0.5) * TASK_SECONDS
        end = world.now + length
        for number in range(1, int(length / self._progress) + 1):
            world.at(world.now + number * self._progress, lambda: self._report(turn))
        for number in range(1, int(length / RENEW) + 1):
            world.at(world.now + number * RENEW, lambda: self._renew(turn))
        world.at(end, lambda: self._push(turn))

    def _report(self, turn: int) -> None:
        if turn == self._turn and not self.is_gone:
            self.world.change()

    def _renew(self, turn: int) -> None:
        if turn == self._turn and not self.is_gone:
            self.world.renewals += 1  # It takes no lock.

    def _push(self, turn: int) -> None:
        if turn == self._turn and not self.is_gone:
            self.world.deliver(lambda: self.world.change(self._finish))

    def _finish(self) -> None:
        if not self.is_gone:
            self.world.done += 1
            self._claim()


def simulate(
    name: str, *, commit: float, push: float = 1.0, forges: int = 64, progress: float = 60.0,
    round_trip: float = 0.0005, lost: float = 0.0,
) -> None:  # fmt: skip
    """Let an hour pass and print a line about it."""
    world = World(7, commit=commit, push=push, forges=forges, round_trip=round_trip)
    workers = [Worker(world, progress) for _ in range(WORKERS)]
    for number in range(MACHINES):  # Each shows itself now and then.
        _show(world, LOOK * number / MACHINES)
    half = _HOURS * 1800

    def _lose() -> None:
        for worker in workers[: int(lost * WORKERS)]:
            worker.is_gone = True
        for _ in range(int(lost * MACHINES)):
            world.change()

    world.at(half, _lose)
    world.run(2 * half)
    waits, pushes = sorted(world.waits), sorted(world.pushes)
    print(
        f"| {name} | {world.changes / (2 * half):.0f} | {world.store_busy / (2 * half):.2f} | "
        f"{1000 * waits[len(waits) // 2]:.1f} | {1000 * waits[len(waits) * 99 // 100]:.0f} | "
        f"{len(pushes) / (2 * half):.0f} | {pushes[len(pushes) * 99 // 100]:.1f} | {world.done:,} |"
    )


def _show(world: World, when: float) -> None:
    def _again() -> None:
        world.renewals += 1  # Without the lock.
        world.at(world.now + LOOK, _again)

    world.at(when, _again)


def main() -> None:
    """Print what an hour of a large fleet comes to, under each assumption."""
    print("\n### 1,000 machines, 10,000 workers, an hour in virtual time (`fleet`)\n")
    print("| | changes/s | store's lock in use | answer p50, ms | p99, ms | pushes/s | push p99, s "
          "| tasks done |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    simulate("a commit of 3.4 ms (here, 293/s), progress each minute", commit=0.0034)
    simulate("the same, progress every 5 minutes", commit=0.0034, progress=300.0)
    simulate("a commit of 1.4 ms (1 ms fsync), progress each minute", commit=0.0014)
    simulate("the same, 50 ms away", commit=0.0014, round_trip=0.05)
    simulate("the same, a tenth of the machines lost at once", commit=0.0014, lost=0.1)
    simulate("the same, a remote that takes 16 pushes at once", commit=0.0014, forges=16)
    simulate("the same, a remote that takes 8", commit=0.0014, forges=8)
    simulate("a synchronous standby, 2.8 ms, progress every 5 minutes", commit=0.0028,
             progress=300.0)  # fmt: skip
