"""One client of either engine: finish threads until the time is up; prints how many, and delays.

Run by engines.py: `python engine.py STORE START SECONDS`.
"""

import os
import sys
import time

from inbox import model
from inbox.operations import claims, leases, threads, work
from schema import open as stores


def main(where: str, start: float, seconds: float) -> None:
    """Send beforehand, then claim the next and be done with it, one transaction each."""
    db = stores.open_store(where)
    me = f"w{os.getpid()}"
    delays = []
    while time.time() < start:
        time.sleep(0.001)
    done = 0
    while time.time() < start + seconds:
        with db.write() as tx:
            threads.send(
                tx, sender=me, to=me, draft=model.MessageDraft("job", "text"), subject="job"
            )
        before = time.perf_counter()
        with db.write() as tx:
            change = claims.claim_next(tx, me, (), 60_000)
        assert change is not None
        delays.append((time.perf_counter() - before) * 1e3)
        with db.write() as tx:
            thread = leases.require_thread(tx, change.thread_id)
            work.finish(tx, thread, "done", me, None, model.MessageDraft("ok"))
        done += 3
    delays.sort()
    print(done, f"{delays[len(delays) // 2]:.2f} {delays[len(delays) * 99 // 100]:.2f}")


main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
