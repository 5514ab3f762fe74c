"""The same four verbs on a store that grows from a thousand to five million messages.

The bulk is inserted by SQL, half a million messages in a transaction, with every trigger and
foreign key of the file in force: twenty messages a thread, 95 % of the threads worked on and
done. The first size is audited as `doctor --deep` does. What is measured then runs as ever.
Times are of one transaction in a process that stays, so that nothing of the interpreter's start
hides the growth. Wants 4 GB in TMPDIR and takes a few minutes.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

import apsw

from inbox import model, reads
from inbox.operations import claims, leases
from inbox.operations import threads as operations
from inbox.store import audit
from schema import file, new_store
from schema.transaction import Database, Tx
from tests.bench.measure import table, verdict

_SIZES = (1_000, 100_000, 1_000_000, 5_000_000)
_PER_THREAD = 20
_AGENTS = 50
_STEP = 500_000

# `t` is a thread, `k` the place of an event in it; every twentieth thread stays pending.
_ROWS = """
WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last),
  e (i, t, k) AS (SELECT i, (i - 1) / :per + 1, (i - 1) % :per FROM n),
  row (i, t, verb, agent) AS (SELECT i, t, CASE WHEN k = 0 THEN 'send' WHEN t % 20 = 0 THEN 'reply'
    WHEN k = 1 THEN 'claim' WHEN k = :per - 1 THEN 'result' ELSE 'update' END,
    'agent-' || (t / 20 % :agents) FROM e)
"""
_THREADS = """
WITH RECURSIVE n (t) AS (SELECT :first UNION ALL SELECT t + 1 FROM n WHERE t < :last)
INSERT INTO thread (thread_no, thread_id, subject, summary, status, priority, created_by,
  addressed_to, assigned_to, last_event, last_message, created_at, updated_at)
SELECT t, 'thr_' || t, 'Job ' || t, 'Job ' || t, 'pending', t % 3, 'lead',
  'agent-' || (t / 20 % :agents), 'agent-' || (t / 20 % :agents), t * :per, t * :per, t, t FROM n
"""
_EVENTS = (
    _ROWS
    + """
INSERT INTO event (event_type, actor, thread_no, status, assigned_to, tx_id, created_at)
SELECT 'thread_' || verb, CASE WHEN verb IN ('send', 'reply') THEN 'lead' ELSE agent END, t,
  CASE verb WHEN 'claim' THEN 'claimed' WHEN 'update' THEN 'in_progress' WHEN 'result' THEN 'done'
    ELSE 'pending' END, agent, i, i FROM row ORDER BY i
"""
)
_MESSAGES = (
    _ROWS
    + """
INSERT INTO message (event_id, thread_no, kind, from_agent, to_agent, summary, body, created_at)
SELECT i, t, CASE verb WHEN 'send' THEN 'task' WHEN 'claim' THEN 'event' WHEN 'result' THEN 'result'
    WHEN 'update' THEN 'progress' ELSE 'answer' END,
  CASE WHEN verb IN ('send', 'reply') THEN 'lead' ELSE agent END,
  CASE WHEN verb IN ('send', 'reply') THEN agent ELSE 'lead' END, verb || ' ' || i, :body, i
  FROM row ORDER BY i
"""
)
_LEASES = """
INSERT INTO lease (thread_no, epoch, holder, ttl_ms, clock_domain, boot_deadline, wall_deadline,
  claim_event, claimed_at, ended_at, ended_by)
SELECT thread_no, 1, assigned_to, 900000, 'x', 1, 1, (thread_no - 1) * :per + 2, 1, 2, 'done'
  FROM thread WHERE thread_no BETWEEN :first AND :last AND thread_no % 20
"""
_MOVE = """
UPDATE thread SET status = :status, epoch = 1
 WHERE thread_no BETWEEN :first AND :last AND thread_no % 20
"""


def _grow(path: str, messages: int, target: int) -> None:
    """Bring a store from `messages` to `target` messages."""
    connection = apsw.Connection(path)
    connection.set_busy_timeout(10_000)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
    connection.execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000")
    while messages < target:
        last = min(target, messages + _STEP)
        values = {"per": _PER_THREAD, "agents": _AGENTS, "body": "x" * 180}
        threads = {"first": messages // _PER_THREAD + 1, "last": last // _PER_THREAD, **values}
        rows = {"first": messages + 1, "last": last, **values}
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_THREADS, threads)
        connection.execute(_EVENTS, rows)
        connection.execute(_MESSAGES, rows)
        connection.execute(_LEASES, threads)
        for status in ("claimed", "in_progress", "done"):
            connection.execute(_MOVE, {"status": status, **threads})
        connection.execute("COMMIT")
        messages = last
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def _audit(db: Database) -> None:
    """Stop unless the bulk is a store as commands would have left it."""
    with db.read() as tx:
        wrong = audit.integrity(tx)
        for _, question in audit.QUESTIONS:
            wrong += audit.wrong(tx, question)
    if wrong:
        raise SystemExit(f"the bulk is no sound store: {wrong[:3]}")


def _median(turns: int, step: Callable[[int], object]) -> float:
    """Return the median of `step` in us, one call after another."""
    times = []
    for i in range(turns):
        start = time.perf_counter()
        step(i)
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def _measure(db: Database, threads: int) -> dict[str, float]:
    statuses = ("pending", "done")

    def _rolled_back(operation: Callable[[Tx], object]) -> Callable[[int], None]:
        """Return a step that undoes its change: the COMMIT's fsync is no part of growth."""

        def _step(_: int) -> None:
            db.begin_write()
            try:
                assert operation(Tx(db.connection, db.clock.now())) is not None
            finally:
                db.connection.execute("ROLLBACK")

        return _step

    def _send(tx: Tx) -> object:
        draft = model.MessageDraft("job", "x" * 180)
        return operations.send(tx, sender="lead", to="agent-1", draft=draft, subject="job")

    def _claim(tx: Tx) -> object:
        return claims.claim_next(tx, "agent-1", (), 60_000)

    def _fetch(_: int) -> None:
        with db.read() as tx:
            reads.fetch(tx, "agent-1", (), statuses, 20, False)

    def _list(_: int) -> None:
        with db.read() as tx:
            reads.list_threads(
                tx, agent=None, created_by=None, run=None, statuses=None, limit=50, after_event=0
            )

    def _show(i: int) -> None:
        with db.read() as tx:
            thread = leases.require_thread(tx, f"thr_{i * 7919 % threads + 1}")
            reads.show(tx, thread, 0, 200, None, "agent-1")

    def _open(_: int) -> None:
        file.open_store(db.path).close()

    steps = {
        "send": _rolled_back(_send),
        "claim --next": _rolled_back(_claim),
        "fetch": _fetch,
        "list": _list,
        "show": _show,
        "open": _open,
    }
    for step in steps.values():
        _median(40, step)
    return {name: _median(200, step) for name, step in steps.items()}


def main(sizes: tuple[int, ...] = _SIZES) -> None:
    """Grow one store step by step and measure at each size."""
    found: dict[int, dict[str, float]] = {}
    per_message: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = os.path.join(os.path.realpath(folder), "coord.db")
        new_store.create(path)
        empty = os.path.getsize(path)
        before = 0
        for size in sizes:
            _grow(path, before, size)
            before = size
            per_message[size] = (os.path.getsize(path) - empty) / size
            db = file.open_store(path)
            if size == sizes[0]:
                _audit(db)
            found[size] = _measure(db, size // _PER_THREAD)
            db.close()
    first, last = sizes[0], sizes[-1]
    body = []
    for verb in found[first]:
        x = found[last][verb] / found[first][verb]
        goal = verdict(x, 2.0) if verb != "open" else ("", "")
        body.append([verb, *(f"{found[size][verb]:.0f}" for size in sizes), f"{x:.2f}", *goal])
    body.append(["bytes a message", *(f"{per_message[size]:.0f}" for size in sizes), "", "", ""])
    header = ("us, p50", *(f"{size:,}" for size in sizes), "last/first", "goal", "")
    table("Growth: one transaction on a store of so many messages", header, body)
