"""A driver that only keeps workers: `python -m tests.support.supervised STORE COUNT PROGRAM…`.

SIGINT lets them finish, SIGTERM ends them; every worker that ends unasked is started again. Says
on stdout `up`, `ended N`, `over`.
"""

import os
import signal
import sys
import time

from orch.drive.supervisor import END, FINISH, Supervisor, WorkerSpec
from orch.store import drives
from schema import open as stores
from schema.transaction import Database


def supervisor(db: Database, program: tuple[str, ...], lease_seconds: float = 900) -> Supervisor:
    """Return a supervisor of workers for the run `r`."""
    with db.write() as tx:
        drives.open_one(tx, "r")
    spec = WorkerSpec(
        db.path, "r", harness="command", program=program, logs=db.folder.logs, cwd=os.getcwd(),
        lease_seconds=lease_seconds,
    )  # fmt: skip
    return Supervisor(spec, db.write, lambda text: print(text, file=sys.stderr, flush=True))


def main(store: str, count: str, *program: str) -> None:
    """Keep so many workers until they were stopped."""
    crew = supervisor(stores.open_store(store), program)
    signal.signal(signal.SIGINT, lambda *_: crew.stop(FINISH))
    signal.signal(signal.SIGTERM, lambda *_: crew.stop(END))
    for number in range(1, int(count) + 1):
        crew.start(number)
    print("up", flush=True)
    while not crew.is_over:
        for number in crew.poll():
            print(f"ended {number}", flush=True)
            crew.start(number)
        time.sleep(0.02)
    print("over", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
