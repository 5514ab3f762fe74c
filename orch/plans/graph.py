"""Graph of dependencies: cycles, order, the critical path, what runs at once.

Tasks are ids; `waits` gives the ids that each one waits for. Ids that are no key of it are
somebody else's and do not count.
"""

from heapq import heapify, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Waits = Mapping[str, Sequence[str]]


def order(waits: "Waits") -> list[str]:
    """Return the tasks, each behind what it waits for; those in or behind a cycle are missing."""
    unmet = dict.fromkeys(waits, 0)
    dependents: dict[str, list[str]] = {task: [] for task in waits}
    for task, others in waits.items():
        for other in dict.fromkeys(others):
            if other in unmet:
                unmet[task] += 1
                dependents[other].append(task)
    found = [task for task, count in unmet.items() if not count]
    for task in found:  # Grows while it is walked.
        for dependent in dependents[task]:
            unmet[dependent] -= 1
            if not unmet[dependent]:
                found.append(dependent)
    return found


def cycles(waits: "Waits", most: int = 20) -> list[list[str]]:
    """Return disjoint cycles, as many as must be broken at least to see further, up to `most`."""
    left = {task: list(others) for task, others in waits.items()}
    found: list[list[str]] = []
    while len(found) < most:
        for task in order(left):
            del left[task]
        start = next(iter(left), None)
        if start is None:
            break
        cycle = _around(left, start)
        found.append(cycle)
        for task in cycle:
            del left[task]
    return found


def _around(waits: "dict[str, list[str]]", start: str) -> list[str]:
    """Return a cycle that is met from `start`; every task waits for another one here."""
    trail: dict[str, None] = {}
    task = start
    while task not in trail:
        trail[task] = None
        task = next(other for other in waits[task] if other in waits)
    names = list(trail)
    return names[names.index(task) :]


def critical_path(waits: "Waits", minutes: "Mapping[str, int]") -> tuple[list[str], int]:
    """Return (the chain that takes longest, first to last; its minutes). No cycles."""
    best: dict[str, tuple[int, str | None]] = {}
    for task in order(waits):
        before = max(
            (other for other in waits[task] if other in best),
            key=lambda other: best[other][0],
            default=None,
        )
        so_far = best[before][0] if before is not None else 0
        best[task] = (so_far + minutes[task], before)
    last = max(best, key=lambda task: best[task][0], default=None)
    total = best[last][0] if last is not None else 0
    path = []
    while last is not None:
        path.append(last)
        last = best[last][1]
    return path[::-1], total


def schedule(
    waits: "Waits", minutes: "Mapping[str, int]", locks: "Mapping[str, Sequence[str]]"
) -> tuple[int, int]:
    """Return (most tasks at work at one time, minutes until all are done).

    As dispatch would start them with a worker for each: in the order of `waits`, whatever
    waits for nothing and needs no lock that another holds.
    """
    turn = {task: i for i, task in enumerate(waits)}
    unmet = {task: {o for o in others if o in turn} for task, others in waits.items()}
    dependents: dict[str, list[str]] = {task: [] for task in waits}
    for task, others in unmet.items():
        for other in others:
            dependents[other].append(task)
    ready = [(turn[task], task) for task, others in unmet.items() if not others]
    heapify(ready)
    queued: dict[str, list[tuple[int, str]]] = {}  # By the lock that each found held.
    held: set[str] = set()
    running: list[tuple[int, int, str]] = []
    now = most = 0
    while ready or running:
        while ready:
            position, task = heappop(ready)
            taken = next((lock for lock in locks[task] if lock in held), None)
            if taken is None:
                held.update(locks[task])
                heappush(running, (now + minutes[task], position, task))
            else:
                queued.setdefault(taken, []).append((position, task))
        most = max(most, len(running))
        now = running[0][0]
        while running and running[0][0] == now:
            _, _, done = heappop(running)
            held.difference_update(locks[done])
            for lock in locks[done]:
                for waiting in queued.pop(lock, ()):
                    heappush(ready, waiting)
            for dependent in dependents[done]:
                unmet[dependent].discard(done)
                if not unmet[dependent]:
                    heappush(ready, (turn[dependent], dependent))
    return most, now


def reach(waits: "Waits") -> tuple[dict[str, int], dict[str, int]]:
    """Return (each task's bit, the bits of everything it waits for, directly or not)."""
    bit: dict[str, int] = {}
    before: dict[str, int] = {}
    for task in order(waits):
        bit[task] = 1 << len(bit)
        before[task] = 0
        for other in waits[task]:
            if other in bit:
                before[task] |= bit[other] | before[other]
    return bit, before
