"""One saturating writer: send, claim and finish until the time is up; prints what it got.

Run by contention.py with the installed package: `python -I writer.py STORE QUEUE START SECONDS`.
"""

import os
import random
import sys
import time

from inbox import model
from inbox.operations import claims, leases, threads, work
from schema import file, transaction
from schema.transaction import BEGIN_WRITE, BUSY_BUDGET_MS, Database


def _barging(db: Database) -> None:
    """Try at once every time, not only the first: what a loop that was just served wins."""
    db._wrote = False
    _as_built(db)


def _always(db: Database) -> None:
    db._wrote = True
    _as_built(db)


def _busy_handler(db: Database) -> None:
    db.connection.set_busy_timeout(BUSY_BUDGET_MS)
    db.connection.execute(BEGIN_WRITE)


def _random_retry(db: Database) -> None:
    def _again(_tries: int) -> bool:
        time.sleep(random.uniform(0.0002, 0.001))
        return True

    db.connection.set_busy_handler(_again)
    db.connection.execute(BEGIN_WRITE)


_as_built = Database.begin_write
QUEUES = {"barging": _barging, "flock": _always, "busy": _busy_handler, "retry": _random_retry}


def main(path: str, queue: str, start: float, seconds: float) -> None:
    """Print transactions done, the longest wait for the lock in ms, and the p99 of the waits."""
    db = file.open_store(path)
    begin = QUEUES.get(queue, _as_built)
    waits: list[float] = []

    def _timed(self: Database) -> None:
        before = time.perf_counter()
        begin(self)
        waits.append((time.perf_counter() - before) * 1e3)

    transaction.Database.begin_write = _timed  # type: ignore[method-assign]
    me = f"w{os.getpid()}"
    while time.time() < start:
        time.sleep(0.001)
    while time.time() < start + seconds:
        with db.write() as tx:
            sent = threads.send(
                tx, sender=me, to=me, draft=model.MessageDraft("job", "text"), subject="job"
            )
        with db.write() as tx:
            claims.claim(tx, leases.require_thread(tx, sent.thread_id), me, 60_000)
        with db.write() as tx:
            thread = leases.require_thread(tx, sent.thread_id)
            work.finish(tx, thread, "done", me, None, model.MessageDraft("ok"))
    waits.sort()
    print(len(waits), f"{waits[-1]:.1f} {waits[len(waits) * 99 // 100]:.1f}")


main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
