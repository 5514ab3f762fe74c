"""Renewals and cursors go through while another transaction holds the store, and are fenced."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inbox.operations import leases as rules
from inbox.store import leases, threads
from orch.drive import driver_lease
from schema.clock import Clock
from schema.failures import Failure
from schema.pg import wire
from schema.pg.database import server
from schema.pg.transaction import PgTouch
from schema.pg.where import Where
from tests.support import servers
from tests.support.cli import Cli, until
from tests.support.engines import served, shell
from tests.support.threads import claimed, opened, taken

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)


SHOWN = "SET LOCAL search_path = orch, pg_temp"


@pytest.fixture
def inbox(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


@contextmanager
def held(inbox: Cli) -> Iterator[None]:
    """Be in the middle of a change on a connection of our own: the counter row is locked."""
    connection = wire.connect(Where(inbox.url).parameters)
    wire.run(connection, "BEGIN; SET LOCAL search_path = orch; SELECT store_lock_v1()")
    try:
        yield
    finally:
        connection.close()


def _until(inbox: Cli, thread: str) -> int:
    ((deadline,),) = shell(
        inbox,
        "SELECT max(wall_deadline) FROM lease JOIN thread USING (thread_no)"
        f" WHERE thread_id = '{thread}'",
    )
    return int(deadline)


def _last(inbox: Cli, thread: str) -> dict:
    message: dict = inbox.ok("show", "--thread", thread)["messages"][-1]
    return message


def test_a_lease_is_renewed_while_the_store_is_held(inbox: Cli) -> None:
    thread, _ = claimed(inbox, seconds="3")
    words = ("renew", "--agent", "worker-1", "--thread", thread, "--lease-seconds", "3")
    with inbox.start(*words, "--while", "1") as renewing:
        until(lambda: _last(inbox, thread)["summary"] == "lease renewed", "it to have begun")
        with held(inbox):
            before = _until(inbox, thread)
            until(lambda: _until(inbox, thread) > before, "a silent renewal")
            assert renewing.process.poll() is None


def test_a_wait_renews_and_a_reader_reads_while_the_store_is_held(inbox: Cli) -> None:
    thread, _ = claimed(inbox, seconds="3")
    words = ("wait-reply", "--agent", "worker-1", "--thread", thread)
    with inbox.start(*words) as waiting:
        waiting.asleep(inbox.store)
        with held(inbox):
            before = _until(inbox, thread)
            until(lambda: _until(inbox, thread) > before, "a silent renewal")
            shown = inbox.ok("show", "--thread", thread, "--agent", "worker-1", "--mark-read")
            last = shown["messages"][-1]["message_id"]
            acked = ("ack", "--agent", "lead", "--thread", thread, "--through", last)
            assert inbox.ok(*acked)["moved"]
    again = inbox.ok("show", "--thread", thread, "--agent", "worker-1")
    assert again["last_read"] == last


def test_who_is_overtaken_renews_nothing(inbox: Cli) -> None:
    """Another claim commits between the look and the statement: the epoch refuses it."""
    thread, token = claimed(inbox, seconds="0.001")
    db = inbox.open()
    with db.touch() as tx:
        seen = threads.get(tx, thread)
        assert seen.lease is not None
        other = taken(inbox, thread, "worker-2")
        before = _until(inbox, thread)
        assert not leases.extend(tx, seen.thread_no, seen.lease, 900_000)
        with pytest.raises(Failure) as refusal:
            rules.prove_life(tx, thread, "worker-1", token)
    assert refusal.value.reason == "superseded"
    assert _until(inbox, thread) == before
    with db.touch() as tx:
        assert rules.prove_life(tx, thread, "worker-2", other["token"]).epoch == 2
    db.close()


def test_a_renewal_that_meets_the_claim_waits_for_it_and_loses(inbox: Cli) -> None:
    """The claim has the row and not yet committed: the statement waits, looks anew and fails."""
    thread, token = claimed(inbox, seconds="0.001")
    first, second = inbox.open(), server(inbox.open())
    with first.write() as claiming:
        there = threads.get(claiming, thread)
        leases.end(claiming, there.thread_no, "claim")
        leases.held_before(claiming, there.thread_no, "worker-1")  # What was put off is sent.
        impatient = PgTouch(second.live(), Clock().now(), f"{SHOWN}; SET LOCAL lock_timeout = 50")
        with pytest.raises(wire.Error, match="lock timeout"):
            rules.prove_life(impatient, thread, "worker-1", token)
    with pytest.raises(Failure) as ended, second.touch() as tx:
        rules.prove_life(tx, thread, "worker-1", token)
    assert ended.value.reason == "no_lease"
    first.close()
    second.close()


def test_a_driver_shows_itself_while_the_store_is_held(inbox: Cli) -> None:
    orch = inbox.at()
    orch.program = "orch"
    orch.ok("run", "init", "--run", "r", "--goal", "g")
    db = inbox.open()
    lease = driver_lease.take(db, "r", steal=False, until="done")
    with held(inbox):
        lease.renew()
    shell(inbox, "UPDATE drive SET fence = fence + 1")
    with held(inbox), pytest.raises(Failure) as refusal:
        lease.renew()
    assert refusal.value.reason == "superseded"
    db.close()


def test_a_refusal_is_what_it_is_under_the_lock(inbox: Cli) -> None:
    thread = opened(inbox)
    inbox.ok("ack", "--agent", "worker-1", "--thread", thread, "--through", "msg_1")
    words = ("ack", "--agent", "worker-1", "--thread", thread)
    with held(inbox):
        assert not inbox.ok(*words, "--through", "msg_1")["moved"]
        inbox.refuse("invalid_input", "value", *words, "--through", "msg_9")
