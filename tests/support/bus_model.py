"""What the bus must do, as a small model in memory: the protocol's rules and nothing else.

Each method returns the answer that the product must give: '' for success, else `code/reason`.
It knows no SQL, no keys' digests and no tokens, only who holds which epoch until when.
"""

from schema.clock import Instant

TERMINAL = ("done", "failed", "cancelled")
_SLACK_MS = 5_000
PRIORITIES = ("low", "normal", "high")


class Lease:
    """A lease as the model has it: its holder, and the Instant from which its ttl counts."""

    def __init__(self, holder: str, ttl: int, since: Instant) -> None:
        self.holder = holder
        self.ttl = ttl
        self.since = since

    def over(self, now: Instant) -> bool:
        """Say whether anybody may claim: by BOOTTIME where it can be compared, else by wall."""
        if now.domain == self.since.domain:
            left = self.since.boot_ms + self.ttl - now.boot_ms
        else:
            left = self.since.wall_ms + self.ttl - now.wall_ms
        return left <= 0 or left > self.ttl + _SLACK_MS


class Thread:
    def __init__(self, number: int, thread_id: str, creator: str, to: str) -> None:
        self.number = number
        self.thread_id = thread_id
        self.creator = creator
        self.addressed_to = self.assigned_to = to
        self.priority = 1
        self.max_claims = 5
        self.not_before = 0
        self.status = "pending"
        self.epoch = 0
        self.lost = 0
        self.lease: Lease | None = None
        self.holders: dict[int, str] = {}
        self.messages: list[int] = []


class Bus:
    """The whole bus: threads, cursors, results by token, and the number of the last event."""

    def __init__(self) -> None:
        self.threads: dict[str, Thread] = {}
        self.cursors: dict[tuple[str, str], int] = {}
        self.results: set[tuple[str, str, str, int]] = set()  # actor, verb, thread, epoch
        self.last_event = 0

    def post(self, thread: Thread) -> str:
        """One event, one message."""
        self.last_event += 1
        thread.messages.append(self.last_event)
        return ""

    def send(self, thread: Thread) -> str:
        self.threads[thread.thread_id] = thread
        return self.post(thread)

    def say(self, thread: Thread, sender: str, now: Instant) -> str:
        """A reply or an appended message: it renews the lease of a holder who says it."""
        if thread.status in TERMINAL:
            return "invalid_state/terminal"
        if thread.lease is not None and thread.lease.holder == sender:
            thread.lease.since = now
        return self.post(thread)

    def claim(self, thread: Thread, agent: str, ttl: int, now: Instant) -> str:
        lease = thread.lease
        if lease is not None and not lease.over(now):
            same = lease.holder == agent
            return "invalid_state/already_yours" if same else "lease_conflict/held"
        if thread.status in TERMINAL:
            return "invalid_state/terminal"
        if lease is None and thread.not_before > now.wall_ms:
            return "invalid_state/not_yet"
        if lease is not None:
            if thread.max_claims and thread.lost + 1 >= thread.max_claims:
                thread.status, thread.lease = "failed", None
                self.post(thread)
                return "invalid_state/abandoned"
            thread.lost += 1
        thread.epoch += 1
        thread.status = "claimed"
        thread.assigned_to = thread.holders[thread.epoch] = agent
        thread.lease = Lease(agent, ttl, now)
        return self.post(thread)

    def claim_next(self, addressees: set[str], agent: str, ttl: int, now: Instant) -> Thread | None:
        """Return the thread that is claimed: the most urgent, then the oldest that may be."""
        while True:
            offers = [t for t in self.threads.values() if self._offered(t, addressees, now)]
            if not offers:
                return None
            best = min(offers, key=lambda t: (-t.priority, t.number))
            if not self.claim(best, agent, ttl, now):
                return best

    def _offered(self, thread: Thread, addressees: set[str], now: Instant) -> bool:
        if thread.addressed_to not in addressees or thread.status in TERMINAL:
            return False
        if thread.lease is None:
            return thread.not_before <= now.wall_ms
        return thread.lease.over(now)

    def refusal(
        self, thread: Thread, agent: str, token: tuple[str, int] | None, now: Instant
    ) -> str:
        """Return why `agent` may not act as holder (I4), '' if it may; token = (thread, epoch)."""
        if thread.status in TERMINAL:
            return "invalid_state/terminal"
        if thread.lease is None:
            return "invalid_state/no_lease"
        if token is not None and token[0] != thread.thread_id:
            return "lease_conflict/bad_token"
        if token is not None and token[1] < thread.epoch:
            return "lease_conflict/superseded"
        if thread.lease.holder == agent:
            return ""
        if agent in thread.holders.values():
            return "lease_conflict/superseded"
        if thread.lease.over(now):
            return "invalid_state/no_lease"
        return "lease_conflict/held"

    def hold(
        self,
        verb: str,
        thread: Thread,
        agent: str,
        token: tuple[str, int] | None,
        now: Instant,
        status: str = "",
    ) -> str:
        """renew, update, release, done or fail; `status` is update's own."""
        finishing = verb in ("done", "fail")
        mine = token is not None and token[0] == thread.thread_id
        if finishing and mine and (agent, verb, *token) in self.results:
            return "key_conflict/other_arguments"  # Another body than the stored result's.
        last = thread.status == "cancelled" and thread.holders.get(thread.epoch) == agent
        if finishing and last and (token is None or (mine and token[1] == thread.epoch)):
            self.post(thread)  # The one refusal that writes: what it brought is kept.
            return "invalid_state/superseded"
        wrong = self.refusal(thread, agent, token, now)
        if wrong:
            return wrong
        assert thread.lease is not None
        thread.lease.since = now
        if verb == "update":
            thread.status = status
        elif verb == "release":
            thread.status, thread.lease = "pending", None
            thread.assigned_to, thread.not_before = thread.addressed_to, 0
        elif finishing:
            thread.status, thread.lease = "done" if verb == "done" else "failed", None
            if token is not None:
                self.results.add((agent, verb, *token))
        return self.post(thread)

    def cancel(self, thread: Thread) -> str:
        if thread.status in TERMINAL:
            return "invalid_state/terminal"
        thread.status, thread.lease = "cancelled", None
        return self.post(thread)

    def read(self, thread: Thread, agent: str, through: int) -> int:
        """Move a cursor forward only (I7); return where it is."""
        key = (agent, thread.thread_id)
        self.cursors[key] = max(self.cursors.get(key, 0), through)
        return self.cursors[key]
