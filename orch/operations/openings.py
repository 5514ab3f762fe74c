"""Openings for a free worker of a pool, under whichever name of the pool is free.

First what a killed worker left, then what was answered, then new work under the lowest name that
nobody uses. A name has one thread in hand at a time, so its mail is about that thread alone.
"""

from orch import process_identity
from orch.operations import work
from orch.store import slots, turns
from orch.store.turns import Turn
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.slots import ParkedThread
    from schema.transaction import ReadTx, Tx


class Opening(Value):
    """Something that a free worker can begin, under a name.

    `turn`: one whose runner is gone. `thread_id`: one that was answered. Neither: new work.
    """

    agent: str
    thread_id: str = ""
    turn: Turn | None = None


def first(tx: "ReadTx", base: str) -> Opening:
    """Return what a free worker of the pool `base` is to do first."""
    at_work = _of_base(turns.running(tx), base)
    for turn in at_work:
        if process_identity.is_gone(*turn.runner) is True and _is_mine(turn):
            return Opening(turn.agent, turn=turn)
    for thread in slots.parked(tx, base):
        if is_answered(tx, thread):
            return Opening(thread.agent, thread_id=thread.thread_id)
    used = slots.names_in_hand(tx, base) | {turn.agent for turn in at_work}
    number = 1
    while f"{base}-{number}" in used:
        number += 1
    return Opening(f"{base}-{number}")


def owed(tx: "ReadTx", base: str) -> int:
    """Return how many free workers have something to do that is not new."""
    left = [
        turn
        for turn in _of_base(turns.running(tx), base)
        if process_identity.is_gone(*turn.runner) and _is_mine(turn)
    ]
    return len(left) + sum(is_answered(tx, thread) for thread in slots.parked(tx, base))


def _is_mine(turn: Turn) -> bool:
    """Say whether what a killed worker left can be looked at from here."""
    return process_identity.is_of_here(turn.runner[2])


def is_answered(tx: "ReadTx", thread: "ParkedThread") -> bool:
    """Say whether a parked thread can go on."""
    asked, answered = turns.question(tx, thread.thread_no, thread.agent)
    return bool(answered) or not asked


def has_parked(tx: "ReadTx", base: str) -> bool:
    """Say whether threads of the pool wait for an answer with nobody at work."""
    return bool(slots.parked(tx, base))


def renew_parked(tx: "Tx", base: str) -> int:
    """Give the leases of all parked threads their full length again; return how many."""
    waiting = slots.parked(tx, base)
    for thread in waiting:
        work.renew(tx, work.hold(tx, thread.thread_id, thread.agent))
    return len(waiting)


def _of_base(found: list[Turn], base: str) -> list[Turn]:
    return [turn for turn in found if turn.agent.startswith(f"{base}-")]
