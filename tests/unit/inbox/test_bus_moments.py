"""The bus at the very millisecond: a lease with nothing left, work that may begin from now on.

And of one holder who claimed twice, only the newer claim counts, after a cancellation too.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clocks import SimulatedClock
from tests.support.session import Session

pytestmark = pytest.mark.on_file("its clock is turned; a server has its own")
TTL = 10_000


class Bus:
    """One thread on a store whose clock the test turns."""

    def __init__(self, path: Path) -> None:
        self.clock = SimulatedClock()
        self.session = Session(str(path), self.clock)
        self.thread = ""

    def send(self, *flags: str) -> None:
        words = ("send", "--from", "lead", "--to", "w1", "--subject", "s", "--body", "b")
        self.thread = self.session.run(*words, *flags).data["thread"]["thread_id"]

    def code(self, verb: str, agent: str, *flags: str) -> str:
        """Run a verb on the thread; return `code/reason` of its refusal, "" when it was done."""
        return self.session.run(verb, "--agent", agent, "--thread", self.thread, *flags).code

    def claim(self, agent: str) -> str:
        """Claim it for ten seconds; return the token."""
        words = ("claim", "--agent", agent, "--thread", self.thread, "--lease-seconds", "10")
        return self.session.run(*words).data["lease"]["token"]


@pytest.fixture
def bus(inbox: object) -> Iterator[Bus]:
    found = Bus(inbox.store)  # type: ignore[attr-defined]
    yield found
    found.session.close()


def test_a_lease_is_over_when_nothing_of_it_is_left(bus: Bus) -> None:
    bus.send()
    bus.claim("w1")
    bus.clock.advance(TTL - 1)
    assert bus.code("claim", "w2") == "lease_conflict/held"
    assert bus.code("claim", "w1") == "invalid_state/already_yours"
    assert bus.session.run("claim", "--agent", "w1", "--next").exit == 10
    bus.clock.advance(1)
    assert bus.code("update", "w2", "--status", "in_progress") == "invalid_state/no_lease"
    assert bus.code("claim", "w2") == ""


def test_a_lease_with_nothing_left_is_offered_again(bus: Bus) -> None:
    bus.send()
    bus.claim("w1")
    bus.clock.advance(TTL)
    words = ("claim", "--agent", "w1", "--next")
    assert bus.session.run(*words).data["thread"]["thread_id"] == bus.thread


def test_a_holder_with_nothing_left_is_late(bus: Bus) -> None:
    bus.send()
    bus.claim("w1")
    bus.clock.advance(TTL)
    done = bus.session.run("done", "--agent", "w1", "--thread", bus.thread, "--summary", "s")
    assert done.data["late"] is True


@pytest.mark.parametrize("how", ["send", "release"])
def test_work_may_not_begin_before_its_time(bus: Bus, how: str) -> None:
    bus.send(*(("--not-before", "60") if how == "send" else ()))
    if how == "release":
        bus.claim("w1")
        assert bus.code("release", "w1", "--not-before", "60") == ""
    for early in (60_000, 1_000, 1):  # A second early, a millisecond early.
        bus.clock.advance(60_000 - early - bus.clock.real_ms)
        assert bus.code("claim", "w1") == "invalid_state/not_yet"
        assert bus.session.run("claim", "--agent", "w1", "--next").exit == 10
    bus.clock.advance(1)
    assert bus.session.run("claim", "--agent", "w1", "--next").ok


def test_a_late_result_counts_by_the_newest_claim_alone(bus: Bus) -> None:
    bus.send()
    old = bus.claim("w1")
    bus.clock.advance(TTL)
    new = bus.claim("w1")
    assert bus.code("cancel", "lead") == ""
    result = ("--summary", "s", "--body", "what I did")
    assert bus.code("done", "w1", *result, "--lease", old) == "invalid_state/terminal"
    shown = bus.session.run("show", "--thread", bus.thread).data["messages"]
    assert "result" not in [message["kind"] for message in shown]
    assert bus.code("done", "w1", *result, "--lease", new) == "invalid_state/superseded"
    shown = bus.session.run("show", "--thread", bus.thread).data["messages"]
    assert shown[-1]["body"] == "what I did"
