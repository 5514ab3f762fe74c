"""renew --while: keep a lease alive exactly as long as a process lives."""

import os
import select
import time

from inbox.operations import leases
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_LOOK_SECONDS = 1.0
_RENEWALS_PER_LEASE = 3


def while_process(db: "Database", thread_id: str, agent: str, token: str | None, pid: int) -> int:
    """Renew silently until process `pid` ends; return how often.

    Raises: lease_conflict when another claim came, invalid_state when the thread was closed.
    A pidfd names the process itself, so a reused pid is never mistaken for it.
    """
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    except (OSError, OverflowError) as error:
        raise invalid_input(f"--while {pid} names no process: {error}")
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    renewals = 0
    due = 0.0
    try:
        while not poll.poll(0):
            renewing = time.monotonic() >= due
            if renewing:
                with db.touch() as tx:
                    lease = leases.prove_life(tx, thread_id, agent, token)
                renewals += 1
                due = time.monotonic() + lease.ttl_ms / 1000 / _RENEWALS_PER_LEASE
            else:
                db.require_same_file()
                with db.read() as tx:
                    thread = leases.require_thread(tx, thread_id)
                    leases.require_holder(tx, thread, agent, token)
            db.signals.lower()
            poll.poll(1000 * max(0.01, min(_LOOK_SECONDS, due - time.monotonic())))
    finally:
        os.close(fd)
    return renewals
