"""Stores to measure on: made through the library, in the state that each verb needs."""

import os
from pathlib import Path

from inbox import model
from inbox.operations import claims, threads
from schema import file, new_store
from schema.transaction import Database

SENDER, WORKER = "lead", "worker-1"
BODY = "Please look into this and report what you find. " * 3
LEASE_MS = 3_600_000


def make(folder: Path | str, name: str = "coord.db") -> Database:
    """Create a store and return it open; its umask is the process's from now on."""
    path = os.path.join(os.path.realpath(folder), name)
    new_store.create(path)
    return file.open_store(path)


def send(db: Database, count: int, to: str = WORKER, sender: str = SENDER) -> list[str]:
    """Send `count` threads in one transaction; return their ids."""
    with db.write() as tx:
        return [
            threads.send(
                tx,
                sender=sender,
                to=to,
                draft=model.MessageDraft(f"job {i}", BODY),
                subject=f"job {i}",
            ).thread_id
            for i in range(count)
        ]


def claimed(db: Database, count: int) -> list[str]:
    """Return `count` new threads that the worker holds."""
    found = send(db, count)
    with db.write() as tx:
        for thread_id in found:
            claims.claim(tx, claims.leases.require_thread(tx, thread_id), WORKER, LEASE_MS)
    return found
