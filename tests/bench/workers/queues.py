"""One producer or consumer of one queue; run by throughput.py: `python -I queues.py KIND …`.

`KIND ROLE PLACE JOBS`: the producer puts JOBS numbered jobs and a stop for each consumer; a
consumer takes, finishes and counts until it meets a stop. Prints when it began and ended on the
monotonic clock, then the numbers of the jobs it had. Every peer syncs as the kind's name says.
"""

import os
import sys
import time

CONSUMERS = 4
BODY = "x" * 180
STOP = "stop"
_EMPTY_NAP = 0.0005


class Inbox:
    """This project through its library: send, claim --next from a pool, done."""

    def __init__(self, place: str, synchronous: str = "FULL") -> None:
        from inbox import model
        from inbox.operations import claims, leases, threads, work
        from inbox.store import threads as rows
        from schema import file
        from schema.json_text import array

        self._db = file.open_store(place + "/coord.db")
        self._db.connection.execute(f"PRAGMA synchronous={synchronous}")
        self._model, self._claims, self._leases = model, claims, leases
        self._threads, self._work = threads, work
        self._me = f"w{os.getpid()}"
        self._rows, self._offers = rows, array([self._me, "@all"])

    def put(self, body: str) -> None:
        draft = self._model.MessageDraft(body[:20], body)
        with self._db.write() as tx:
            self._threads.send(tx, sender="lead", to="@all", draft=draft, subject=body[:20])

    def take(self) -> tuple[object, str] | None:
        with self._db.read() as tx:  # As `claim --next` does: an empty pool costs no lock.
            if self._rows.offered(tx, self._me, self._offers) is None:
                return None
        with self._db.write() as tx:
            found = self._claims.claim_next(tx, self._me, ("@all",), 600_000)
            if found is None:
                return None
            thread = self._leases.require_thread(tx, found.thread_id)
        return found.thread_id, thread.subject

    def finish(self, handle: object) -> None:
        with self._db.write() as tx:
            thread = self._leases.require_thread(tx, str(handle))
            draft = self._model.MessageDraft("ok")
            self._work.finish(tx, thread, "done", self._me, None, draft)


class InboxNext(Inbox):
    """The same with `done --next`: the report takes the next job in its own transaction."""

    def __init__(self, place: str, synchronous: str = "FULL") -> None:
        super().__init__(place, synchronous)
        self._held: tuple[object, str] | None = None

    def take(self) -> tuple[object, str] | None:
        self._held = self._held or super().take()
        return self._held

    def finish(self, handle: object) -> None:
        if self._held is None or self._held[1].startswith(STOP):
            super().finish(handle)
            return
        with self._db.write() as tx:
            thread = self._leases.require_thread(tx, str(handle))
            draft = self._model.MessageDraft("ok")
            self._work.finish(tx, thread, "done", self._me, None, draft)
            found = self._claims.claim_next(tx, self._me, ("@all",), 600_000)
            self._held = None
            if found is not None:
                thread = self._leases.require_thread(tx, found.thread_id)
                self._held = found.thread_id, thread.subject


class Lean:
    """The least that is a queue: one table on apsw, three short transactions a job."""

    def __init__(self, place: str, synchronous: str = "FULL") -> None:
        import apsw

        self._c = apsw.Connection(place + "/lean.db")
        self._c.set_busy_timeout(60_000)
        self._c.execute(f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}")
        self._c.execute(
            "CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, "
            "owner TEXT, body TEXT NOT NULL);"
            "CREATE INDEX IF NOT EXISTS job_ready ON job (id) WHERE state = 0"
        )
        self._me = f"w{os.getpid()}"

    def _write(self, sql: str, values: tuple) -> list:
        self._c.execute("BEGIN IMMEDIATE")
        rows = self._c.execute(sql, values).fetchall()
        self._c.execute("COMMIT")
        return rows

    def put(self, body: str) -> None:
        self._write("INSERT INTO job (state, body) VALUES (0, ?)", (body,))

    def take(self) -> tuple[object, str] | None:
        rows = self._write(
            "UPDATE job SET state = 1, owner = ? WHERE id = (SELECT id FROM job WHERE state = 0 "
            "ORDER BY id LIMIT 1) RETURNING id, body",
            (self._me,),
        )
        return rows[0] if rows else None

    def finish(self, handle: object) -> None:
        self._write("UPDATE job SET state = 2 WHERE id = ? AND owner = ?", (handle, self._me))


class LiteQueue:
    """litequeue, its connection switched to FULL or NORMAL."""

    def __init__(self, place: str, synchronous: str = "FULL") -> None:
        from litequeue import LiteQueue as Peer

        self._queue = Peer(place + "/lite.db", timeout=60)
        self._queue.conn.execute(f"PRAGMA synchronous={synchronous}")

    def put(self, body: str) -> None:
        self._queue.put(body)

    def take(self) -> tuple[object, str] | None:
        found = self._queue.pop()
        return (found.message_id, found.data) if found is not None else None

    def finish(self, handle: object) -> None:
        self._queue.done(handle)


class PersistQueue:
    """persist-queue's SQLiteAckQueue as it comes: no way to set how it syncs."""

    def __init__(self, place: str) -> None:
        from persistqueue import Empty, SQLiteAckQueue

        self._queue = SQLiteAckQueue(place + "/persist", auto_commit=True, timeout=60)
        self._empty = Empty

    def put(self, body: str) -> None:
        self._queue.put(body)

    def take(self) -> tuple[object, str] | None:
        try:
            body = self._queue.get(block=False)
        except self._empty:
            return None
        return body, body

    def finish(self, handle: object) -> None:
        self._queue.ack(handle)


class Huey:
    """huey's SQLite storage with fsync=True: a job is deleted when it is taken."""

    def __init__(self, place: str) -> None:
        from huey.storage import SqliteStorage

        self._storage = SqliteStorage("bench", filename=place + "/huey.db", fsync=True, timeout=60)

    def put(self, body: str) -> None:
        self._storage.enqueue(body.encode())

    def take(self) -> tuple[object, str] | None:
        found = self._storage.dequeue()
        return (None, bytes(found).decode()) if found is not None else None

    def finish(self, handle: object) -> None:
        pass


class DiskCache:
    """diskcache's Deque with synchronous=FULL: no lease, no acknowledgement."""

    def __init__(self, place: str) -> None:
        from diskcache import Cache, Deque

        self._deque = Deque.fromcache(
            Cache(place + "/cache", eviction_policy="none", sqlite_synchronous=2, timeout=60)
        )

    def put(self, body: str) -> None:
        self._deque.append(body)

    def take(self) -> tuple[object, str] | None:
        try:
            return None, self._deque.popleft()
        except IndexError:
            return None

    def finish(self, handle: object) -> None:
        pass


class Beanstalk:
    """beanstalkd over loopback; PLACE is its port."""

    def __init__(self, place: str) -> None:
        import socket

        self._socket = socket.create_connection(("127.0.0.1", int(place)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def _say(self, line: bytes) -> list[bytes]:
        self._socket.sendall(line)
        return self._file.readline().split()

    def put(self, body: str) -> None:
        self._say(b"put 0 0 600 %d\r\n%s\r\n" % (len(body), body.encode()))

    def take(self) -> tuple[object, str] | None:
        _, number, size = self._say(b"reserve\r\n")
        body = self._file.read(int(size) + 2)[:-2]
        return number, body.decode()

    def finish(self, handle: object) -> None:
        self._say(b"delete %s\r\n" % handle)


KINDS = {
    "inbox": Inbox,
    "inbox-next": InboxNext,
    "lean": Lean,
    "lean-normal": lambda place: Lean(place, "NORMAL"),
    "litequeue": LiteQueue,
    "inbox-normal": lambda place: Inbox(place, "NORMAL"),
    "litequeue-normal": lambda place: LiteQueue(place, "NORMAL"),
    "persist-queue": PersistQueue,
    "huey": Huey,
    "diskcache": DiskCache,
    "beanstalkd": Beanstalk,
    "beanstalkd-fsync": Beanstalk,
}


def main(kind: str, role: str, place: str, jobs: int) -> None:
    """Play one role until it is done."""
    queue = KINDS[kind](place)
    had: list[str] = []
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    if role == "producer":
        for i in range(jobs):
            queue.put(f"{i:08d} {BODY}")
        for _ in range(CONSUMERS):
            queue.put(f"{STOP} {BODY}")
    else:
        while True:
            found = queue.take()
            if found is None:
                time.sleep(_EMPTY_NAP)
                continue
            queue.finish(found[0])
            number = found[1].split(" ", 1)[0]
            if number == STOP:
                break
            had.append(number)
    print(begin, time.monotonic(), *had)


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
