"""Layer `upgrade`: creation, upgrade and backup killed anywhere; an old program on a new file.

An upgrade is made for every program, whatever the newest version: the workers know one
migration more than the source has, and each older version is a start. Unit: kills.
"""

import os
import random
import signal
import time

import apsw

from schema import crash_points, file, migrate, new_store, transaction
from schema.failures import Failure
from tests.support import invariants, places
from tests.support.session import Session
from tests.torture.report import Budget, Report

_NEXT = file.SCHEMA_VERSION + 1
_NEXT_SCRIPT = """
CREATE TABLE torture_one (a INTEGER PRIMARY KEY, b TEXT NOT NULL) STRICT;
INSERT INTO torture_one SELECT event_id, event_type FROM event;
CREATE INDEX torture_by_type ON torture_one (b);
"""
# `migrate.{}` stands for the point behind every migration.
POINTS = (
    "create.before_rename",
    "create.after_rename",
    "migrate.{}",
    "migrate.after_backup",
    "backup.written",
    "backup.linked",
)
_LONGEST = 0.06  # Seconds until the kill at a random moment.
_EVENTS = 60


def run(budget: Budget, report: Report) -> None:
    """Kill creations, upgrades and backups at random moments; refuse newer stores."""
    jobs = (_killed_creation, _killed_upgrade, _killed_backup)
    for number in budget.rounds():
        jobs[number % len(jobs)]("", report)
        report.add("kills at random moments")
    for extra in (1, 2, 1000):
        _newer(extra, report)


def kill_at(point: str, report: Report) -> None:
    """Kill once at a named crash point (layer `points`)."""
    if point.startswith("create."):
        _killed_creation(point, report)
    elif point.startswith("backup."):
        _killed_backup(point, report)
        _killed_upgrade(point, report)
    else:
        _killed_upgrade(point.replace("{}", str(_NEXT)), report)
    report.add("kills at points of the file")


def arm(point: str) -> None:
    """Make this process die at the point, as ORCH_CRASH_AT does for one that starts."""
    crash_points._target, crash_points._left = point, 1
    transaction.crash_points, transaction._CRASHING = crash_points, True


def _die(work, point: str, rng: random.Random) -> None:
    """Run `work` in a child that is killed at the point, or at a random moment without one."""

    def _armed() -> None:
        arm(point)
        work()

    pid = places.fork(_armed)
    if not point:
        time.sleep(rng.uniform(0, _LONGEST))
        os.kill(pid, signal.SIGKILL)
    status = places.reap(pid)
    if point and status != -signal.SIGKILL:
        raise AssertionError(f"{point} was not reached: {status}")


def _know_one_more() -> None:
    """Make this process a newer program: it has one more migration."""
    scripts = migrate.scripts

    def _more(first: int, last: int):
        yield from scripts(first, last)
        if first <= _NEXT <= last:
            yield _NEXT, _NEXT_SCRIPT

    migrate.scripts = _more
    file.SCHEMA_VERSION = _NEXT


def _killed_creation(point: str, report: Report) -> None:
    with places.folder() as where:
        path = os.path.join(where, ".orch", places.STORE)
        _die(lambda: new_store.create(path), point, report.random)
        there = os.path.lexists(path)
        if there:  # Under its name it is whole, without anybody's help.
            report.violate(*places.in_child(lambda: _sound(path)))
        made = places.in_child(lambda: new_store.create(path))
        if made == there:
            report.violate(f"creation {point}: there {there}, then create() says {made}")
        report.violate(*places.in_child(lambda: _sound(path)))
        left = sorted(os.listdir(os.path.dirname(path)))
        allowed = {".gitignore", "coord.db", "coord.db.lock", "coord.db-wal", "coord.db-shm"}
        if not allowed.issuperset(left):
            report.violate(f"creation {point} leaves {left}")


def _sound(path: str) -> list[str]:
    session = Session(path)
    answer = session.run("send", "--from", "a", "--to", "b", "--subject", "s", "--body", "works")
    session.close()
    wrong = [] if answer.ok else [f"a store that was made answers {answer}"]
    return wrong + invariants.violations(path)


def _filled(path: str, version: int) -> None:
    """Make a store of an older version with some life in it, written by hand."""
    new_store.create(path, version)
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    file.harden(connection)
    for number in range(1, _EVENTS + 1):
        connection.execute(_ONE_THREAD, {"n": number})
    connection.close()


_ONE_THREAD = """
BEGIN IMMEDIATE;
INSERT INTO event (event_type, actor, thread_no, status, assigned_to, payload, tx_id, created_at)
VALUES ('thread_send', 'a', :n, 'pending', 'b', '{"opened":true,"addressed_to":"b"}', :n, 1);
INSERT INTO thread (thread_no, thread_id, subject, summary, status, priority, created_by,
                    addressed_to, assigned_to, last_event, last_message, created_at, updated_at)
VALUES (:n, 'thr_' || :n, 's', 's', 'pending', 1, 'a', 'b', 'b', :n, :n, 1, 1);
INSERT INTO message (event_id, thread_no, kind, from_agent, to_agent, summary, body, created_at)
VALUES (:n, :n, 'task', 'a', 'b', 's', 'body ' || :n, 1);
COMMIT
"""


def _killed_upgrade(point: str, report: Report) -> None:
    version = report.random.randint(1, file.SCHEMA_VERSION)
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        places.in_child(lambda: _filled(path, version))

        def _open_as_newer() -> None:
            _know_one_more()
            file.open_store(path).close()

        _die(_open_as_newer, point, report.random)
        found = places.in_child(lambda: _version(path))
        if found not in (version, _NEXT):
            report.violate(f"upgrade {point}: killed, it is at version {found}")
        report.violate(*places.in_child(lambda: invariants.violations(path)))
        places.in_child(_open_as_newer)
        if places.in_child(lambda: _version(path)) != _NEXT:
            report.violate(f"upgrade {point}: the next opening did not finish it")
        report.violate(*places.in_child(lambda: invariants.violations(path)))
        backups = [name for name in os.listdir(where) if name.endswith(".bak")]
        if not backups:
            report.violate(f"upgrade {point}: no backup is there")
        for name in backups:
            copy = os.path.join(where, name)
            report.violate(*places.in_child(lambda copy=copy: _whole_copy(copy, version)))


def _version(path: str) -> int:
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    found = connection.pragma("user_version")
    connection.close()
    return found


def _whole_copy(path: str, version: int) -> list[str]:
    """Say what is wrong about a backup that has its name."""
    wrong = [f"backup: {text}" for text in invariants.violations(path)]
    found = _version(path)
    if found not in (version, _NEXT):  # A second opener may copy what the first has finished.
        wrong.append(f"backup is of version {found}, not {version}")
    return wrong


def _killed_backup(point: str, report: Report) -> None:
    """A backup under its name is whole, the store never suffers, the next one succeeds."""
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        places.in_child(lambda: _filled(path, file.SCHEMA_VERSION))
        target = os.path.join(where, "monday.bak")
        _die(lambda: _back_up(path, target), point, report.random)
        if os.path.lexists(target):
            report.violate(*places.in_child(lambda: _whole_copy(target, file.SCHEMA_VERSION)))
        report.violate(*places.in_child(lambda: invariants.violations(path)))
        other = os.path.join(where, "tuesday.bak")
        wrong = places.in_child(lambda: _back_up(path, other))
        report.violate(*wrong)
        report.violate(*places.in_child(lambda: _whole_copy(other, file.SCHEMA_VERSION)))


def _back_up(path: str, target: str) -> list[str]:
    session = Session(path)
    answer = session.run("backup", target)
    session.close()
    return [] if answer.ok else [f"backup: {answer}"]


def _newer(extra: int, report: Report) -> None:
    """An older program refuses a newer store that is not for it and changes no byte of it."""
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        places.in_child(lambda: _from_the_future(path, extra))
        before = _bytes(where)
        refusal = places.in_child(lambda: _refusal(path))
        if refusal != "store_error/newer_schema":
            report.violate(f"a store {extra} versions ahead: {refusal!r}")
        if _bytes(where) != before:
            report.violate(f"a store {extra} versions ahead was changed")
        report.add("newer stores refused")


def _from_the_future(path: str, extra: int) -> None:
    new_store.create(path)
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.execute("UPDATE store SET min_client = ?", (file.SCHEMA_VERSION + extra,))
    connection.pragma("user_version", file.SCHEMA_VERSION + extra)
    connection.close()  # The last close folds the WAL in: the file is all there is.


def _refusal(path: str) -> str:
    try:
        file.open_store(path).close()
    except Failure as failure:
        return f"{failure.code}/{failure.reason}"
    return ""


def _bytes(where: str) -> bytes:
    with open(os.path.join(where, places.STORE), "rb") as store:
        return store.read()
