"""Landing order: who may land now; dependencies, then age limits, bounces, priority, arrival.

An entry inherits the rank of whatever waits for it, so nothing urgent or old is kept waiting by
a prerequisite that is neither. Pure; O(n log n).
"""

from heapq import heappop, heappush

from orch.landing.planner.model import MOVING, STOPPED, OpenEntry, Snapshot

_BOUNCED = 2  # "Bounced twice first": resolved conflicts go before new ones can be made.

Rank = tuple[bool, bool, int, int, int]


def rank_of(entry: OpenEntry, overtakes: int) -> Rank:
    """Return what entries are compared by; the smaller goes first.

    Among those that were overtaken as often as may be, arrival alone decides: else they would
    overtake each other.
    """
    if entry.overtaken >= overtakes:
        return (False, False, 0, 0, entry.order_no)
    return (True, entry.bounces < _BOUNCED, -entry.priority, entry.rank, entry.order_no)


def seniority(ordered: tuple[OpenEntry, ...]) -> dict[int, int]:
    """Return each entry's arrival, or that of the earliest one which needs it to land."""
    found = {entry.entry_no: entry.order_no for entry in ordered}
    for entry in reversed(ordered):
        for other in entry.needs:
            if other in found:
                found[other] = min(found[other], found[entry.entry_no])
    return found


def arrange(snapshot: Snapshot) -> tuple[tuple[OpenEntry, ...], dict[int, str]]:
    """Return the entries that may be put on a chain, in landing order, and why others may not.

    Entries that lack an approval are among them, but nothing that needs one of those is.
    """
    why = {e.entry_no: _hindrance(e, snapshot.now) for e in snapshot.entries}
    free = {e.entry_no: e for e in snapshot.entries if not why[e.entry_no]}
    known = {e.entry_no: e for e in snapshot.entries}
    order = _by_rank(free, known, snapshot.limits.overtakes)
    placed: dict[int, OpenEntry] = {}
    for entry in order:
        missing = [n for n in entry.needs if n in known and not _is_ahead(n, known, placed)]
        if missing:
            first = known[missing[0]]
            why[entry.entry_no] = f"waits for {first.name}, which is {_state(first)}"
        else:
            placed[entry.entry_no] = entry
    for number in free.keys() - {e.entry_no for e in order}:
        why[number] = "waits for itself: its dependencies form a circle"
    return tuple(placed.values()), {number: text for number, text in why.items() if text}


def _is_ahead(number: int, known: dict[int, OpenEntry], placed: dict[int, OpenEntry]) -> bool:
    if known[number].status == "landed":
        return True
    return number in placed and placed[number].approval == "granted"


def _state(entry: OpenEntry) -> str:
    if entry.approval != "granted" and entry.status in MOVING:
        return "not approved yet"
    return entry.status.replace("_", " ")


def _hindrance(entry: OpenEntry, now: int) -> str:
    """Return why an entry cannot be on a chain whatever the others do, "" when it can."""
    if entry.status == "error" and entry.not_before > now:
        return f"a check or git could not run; tried again in {_seconds(entry, now)} s"
    if entry.status in STOPPED:
        return f"{entry.status}: it goes on only when it is retried, released or replaced"
    if entry.status not in MOVING:
        return f"is {entry.status}"
    if entry.not_before > now:
        return f"tried again in {_seconds(entry, now)} s"
    if entry.waits_for:
        return "waits for " + "; ".join(entry.waits_for)
    return ""


def _seconds(entry: OpenEntry, now: int) -> int:
    return (entry.not_before - now + 999) // 1000


def _by_rank(
    free: dict[int, OpenEntry], known: dict[int, OpenEntry], overtakes: int
) -> list[OpenEntry]:
    """Return the entries so that each comes after those it needs, the smallest rank first."""
    needed_by: dict[int, list[int]] = {number: [] for number in free}
    open_needs = dict.fromkeys(free, 0)
    for number, entry in free.items():
        for other in set(entry.needs):
            if other in free:
                needed_by[other].append(number)
                open_needs[number] += 1
    ranks = _inherited(free, needed_by, overtakes)
    heap: list[tuple[Rank, int]] = []
    for number, count in open_needs.items():
        if not count:
            heappush(heap, (ranks[number], number))
    order: list[OpenEntry] = []
    while heap:
        _, number = heappop(heap)
        order.append(known[number])
        for later in needed_by[number]:
            open_needs[later] -= 1
            if not open_needs[later]:
                heappush(heap, (ranks[later], later))
    return order


def _inherited(
    free: dict[int, OpenEntry], needed_by: dict[int, list[int]], overtakes: int
) -> dict[int, Rank]:
    """Return each entry's rank, or the smaller one of what waits for it and may land itself."""
    ranks = {number: rank_of(entry, overtakes) for number, entry in free.items()}
    left = {number: len(later) for number, later in needed_by.items()}
    leaves = [number for number, count in left.items() if not count]
    while leaves:
        number = leaves.pop()
        for other in set(free[number].needs):
            if other in free:
                if free[number].approval == "granted":
                    ranks[other] = min(ranks[other], ranks[number])
                left[other] -= 1
                if not left[other]:
                    leaves.append(other)
    return ranks
