"""One client of either engine: finish threads until the time is up; prints how many, and delays.

Run by engines.py: `python engine.py STORE SECONDS`, then a line when all are ready. The commands'
own functions on one open store, answers and all: what agents do, without a start each.
"""

import os
import sys
import time

from tests.support.session import Session


def main(where: str, seconds: float) -> None:
    """Send, then claim the next and be done with it, one transaction each."""
    session = Session(where)
    me = f"w{os.getpid()}"
    _finish_one(session, me)
    print("ready", flush=True)
    sys.stdin.readline()
    delays = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        delays.append(_finish_one(session, me))
    delays.sort()
    half, most = (delays[len(delays) * part // 100] for part in (50, 99))
    print(3 * len(delays), f"{half:.2f} {most:.2f}")


def _finish_one(session: Session, me: str) -> float:
    """Do it once; return the milliseconds that the claim took."""
    session.run("send", "--from", me, "--to", me, "--subject", "job", "--body", "text")
    before = time.perf_counter()
    thread = session.run("claim", "--agent", me, "--next").data["thread"]["thread_id"]
    delay = (time.perf_counter() - before) * 1e3
    assert session.run("done", "--agent", me, "--thread", thread, "--summary", "ok").ok
    return delay


main(sys.argv[1], float(sys.argv[2]))
