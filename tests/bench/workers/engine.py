"""One client of either engine: finish threads until the time is up; prints how many, and delays.

Run by engines.py: `python engine.py STORE START SECONDS`. The commands' own functions on one open
store, answers and all: what agents do, without a start each.
"""

import os
import sys
import time

from tests.support.session import Session


def main(where: str, start: float, seconds: float) -> None:
    """Send, then claim the next and be done with it, one transaction each."""
    session = Session(where)
    me = f"w{os.getpid()}"
    delays = []
    while time.time() < start:
        time.sleep(0.001)
    done = 0
    while time.time() < start + seconds:
        session.run("send", "--from", me, "--to", me, "--subject", "job", "--body", "text")
        before = time.perf_counter()
        thread = session.run("claim", "--agent", me, "--next").data["thread"]["thread_id"]
        delays.append((time.perf_counter() - before) * 1e3)
        own = ("--agent", me, "--thread", thread)
        assert session.run("done", *own, "--summary", "ok").ok
        done += 3
    delays.sort()
    print(done, f"{delays[len(delays) // 2]:.2f} {delays[len(delays) * 99 // 100]:.2f}")


main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
