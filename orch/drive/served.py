"""Takers of a name's or pool's work: our own workers, who has a turn, who waits for one."""

import os

from orch.drive.watch import Watch
from orch.store import turns as turn_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.drive_facts import OpenTask
    from schema.transaction import ReadTx

_TOPIC = "agent="


class Served:
    """Names and pools that somebody serves now, as far as it can be seen."""

    __slots__ = ("_names", "_ours")

    def __init__(self, tx: "ReadTx", watch: Watch) -> None:
        policy = watch.policy
        self._ours = f"@{policy.pool}" if policy.workers else ""
        self._names = {turn.agent for turn in turn_rows.running(tx)}
        try:
            waiting = os.listdir(watch.wake)
        except OSError:
            waiting = []  # Nobody has ever waited here.
        topics = [*(name.rpartition(".")[0] for name in waiting), *watch.awaited]
        self._names |= {topic[len(_TOPIC) :] for topic in topics if topic.startswith(_TOPIC)}

    def is_ours(self, row: "OpenTask") -> bool:
        """Say whether the workers of this driver are to take a task, or have it."""
        if not self._ours:
            return False
        to = row.assigned_to if row.attempt_no and row.status != "ready" else row.to
        return (to or self._ours) == self._ours or to.startswith(f"{self._ours[1:]}-")

    def has(self, row: "OpenTask") -> bool:
        """Say whether somebody takes work of whom a task was given to."""
        return row.assigned_to in self._names
