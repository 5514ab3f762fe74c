"""Waits of agents: for work that can be claimed, an event that fits, a reply.

Each is one `wait.until` with its own look; nothing here sleeps.
"""

import time

from inbox import reads
from inbox.operations import leases as lease_rules
from inbox.store import cursors, leases, messages, threads
from inbox.workflows.wait import until
from schema import events
from schema.json_text import Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.model import Thread
    from schema import keys
    from schema.transaction import Database, ReadTx

_RENEWALS_PER_LEASE = 3


def for_work(
    db: "Database",
    agent: str,
    pools: tuple[str, ...],
    timeout: float,
    claim: "Callable[[], Json | None]",
    keyed: "keys.Key | None",
) -> Json | None:
    """Wait for a thread that `claim` can take; looking takes no write lock."""
    from schema import keys

    addressees = array([agent, *pools])
    soonest: list[float | None] = [None]

    def _look() -> Json | None:
        with db.read() as tx:
            soonest[0] = None
            if keys.find(tx, keyed) is None and threads.offered(tx, agent, addressees) is None:
                wait_ms = threads.next_release(tx, agent, addressees)
                soonest[0] = wait_ms / 1000 if wait_ms is not None else None
                return None
        return claim()

    def _warm() -> None:
        from inbox.operations import claims  # noqa: F401 - what `claim` will import

    topics = ["agent=" + name for name in (agent, *pools)]
    return until(db, topics, _look, timeout, lambda: soonest[0], _warm)


def for_event(
    db: "Database",
    *,
    agent: str | None,
    statuses: Json | None,
    run: str | None,
    after: int | None,
    timeout: float,
) -> tuple[Json | None, int]:
    """Wait for the first event after `after` (default: now) that fits.

    Returns (what a watch answers or None at the end of time, the last event looked at).
    """
    seen = after
    if seen is None:
        with db.read() as tx:
            seen = events.last_id(tx)
    position = [seen]

    def _look() -> Json | None:
        with db.read() as tx:
            found = reads.first_event(tx, position[0], agent=agent, statuses=statuses, run=run)
            if found is None:
                position[0] = max(position[0], events.last_id(tx))
                return None
            position[0] = found
            return reads.woken(tx, found)

    def _warm() -> None:
        with db.read() as tx:
            newest = events.last_id(tx)
            if newest:
                reads.woken(tx, newest)

    topics = ["run=" + run] if run is not None else ["any"]
    return until(db, topics, _look, timeout, warm=_warm), position[0]


class Reply:
    """One wait-reply: what counts as an answer, and what ends it early."""

    def __init__(
        self,
        db: "Database",
        thread: "Thread",
        agent: str | None,
        kinds: tuple[str, ...],
        after: int,
        token: str | None,
    ) -> None:
        self.db = db
        self.thread_id = thread.thread_id
        self.thread_no = thread.thread_no
        self.agent = agent
        self.kinds = array(kinds)
        self.position = after
        self.token = token
        self.epoch = 0
        if token is not None or (thread.lease is not None and thread.lease.holder == agent):
            self.epoch = thread.epoch
        self._renew_at = 0.0

    def wait(self, timeout: float) -> Json | None:
        """Return the answer, or None at the end of time.

        Raises: invalid_state/terminal, lease_conflict; a matching message wins over both.
        """
        topics = ["thread=" + self.thread_id]
        return until(self.db, topics, self._look, timeout, self._nap, self._warm)

    def _nap(self) -> float | None:
        return self._renew_at - time.monotonic() if self.epoch else None

    def _warm(self) -> None:
        with self.db.read() as tx:
            thread = lease_rules.require_thread(tx, self.thread_id)
            self._answer(tx, thread.last_message)
            if self.agent is not None:
                cursors.position(tx, self.agent, self.thread_no)

    def _look(self) -> Json | None:
        with self.db.read() as tx:
            match = messages.first_match(tx, self.thread_no, self.position, self.kinds, self.agent)
            if match is None:
                thread = lease_rules.require_thread(tx, self.thread_id)
                self._require_alive(tx, thread)
                self.position = max(self.position, events.last_id(tx))
        if match is None:
            self._prove_life()
            return None
        self.position = match[0]
        return self._take(*match)

    def _require_alive(self, tx: "ReadTx", thread: "Thread") -> None:
        if self.epoch and self.agent is not None:
            lease_rules.require_holder(tx, thread, self.agent, self.token)
        lease_rules.require_open(thread)

    def _prove_life(self) -> None:
        """Renew the lease of a holder that waits: waiting is the proof of life."""
        if not self.epoch or self.agent is None or time.monotonic() < self._renew_at:
            return
        with self.db.touch() as tx:
            lease = lease_rules.prove_life(tx, self.thread_id, self.agent, self.token)
        self.epoch = lease.epoch  # Without a token the name is the holder, whatever its epoch.
        self._renew_at = time.monotonic() + lease.ttl_ms / 1000 / _RENEWALS_PER_LEASE

    def _take(self, event_id: int, to: str) -> Json:
        """Return the message; the cursor of the agent it is addressed to moves with it."""
        with self.db.read() as tx:
            answer = self._answer(tx, event_id)
        if to == self.agent:
            with self.db.touch() as tx:
                cursors.advance(tx, to, self.thread_no, event_id)
        return answer

    def _answer(self, tx: "ReadTx", event_id: int) -> Json:
        answer = obj(
            woke=True,
            thread=threads.document(tx, self.thread_no),
            message=messages.document(tx, event_id),
            next_event_id=event_id,
        )
        lease = leases.find_document(tx, self.thread_no)
        return merge(answer, lease=lease) if lease is not None and self.epoch else answer
