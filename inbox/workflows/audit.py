"""doctor --deep: read the whole file and compare the log with the tables. Never repairs.

Each group of questions is a read transaction of its own, so that no checkpoint waits for all.
"""

from inbox.machines import THREAD
from inbox.store import audit
from inbox.workflows.finding import OK, PROBLEM, Check
from schema import file
from schema import open as stores
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database

_ASK = "write no more to it; keep the file, and restore the newest backup elsewhere"
_CHUNK = 1024 * 1024


def examine(db: "Database") -> list[Check]:
    """Return the findings of the deep checks."""
    return [*_pages(db), *_log(db), *_tables(db), *_machine(db), *_artifacts(db)]


def _pages(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        yield _verdict("integrity", audit.integrity(tx), "pages, indexes, foreign keys")


def _log(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        count, first, last, given = audit.event_ids(tx)
    gapless = count == last == given and first in (0, 1)
    detail = f"{many(count, 'event')}, ids {first} to {last}"
    wrong = [] if gapless else [f"{detail}, {given} given out: there is a gap"]
    yield _verdict("events", wrong, detail)


def _tables(db: "Database") -> "Iterator[Check]":
    names = list(dict.fromkeys(name for name, _ in audit.QUESTIONS))
    for name in names:
        with db.read() as tx:
            wrong = [
                found
                for group, question in audit.QUESTIONS
                if group == name
                for found in audit.wrong(tx, question)
            ]
        yield _verdict(name, wrong, _WELL[name])


_WELL = {
    "messages": "every message has its event, every thread event its message",
    "fold": "the log alone gives the tables",
    "leases": "one open lease per thread being worked on, of its newest epoch",
    "cursors": "nobody has read past a thread's end",
}


def _machine(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        held = audit.transitions(tx, THREAD.name)
    differing = held ^ THREAD.edges()
    wrong = [f"{source} to {target}" for source, target in sorted(differing)]
    text = [f"the file and the program differ in the moves {', '.join(wrong)}"] if wrong else []
    yield _verdict(
        "transitions", text, f"{many(len(held), 'move')} of a thread, as the program has them"
    )


def _artifacts(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        kept = audit.kept_artifacts(tx)
    wrong = []
    for sha256, number, path in kept:
        problem = _differs(db, sha256)
        if problem:
            wrong.append(f"art_{number} ({path}): {problem}")
    if wrong:
        hint = "ask their senders for the files again"
        yield Check("artifacts", PROBLEM, "; ".join(wrong[:5]), hint)
    else:
        yield Check("artifacts", OK, f"{many(len(kept), 'file')} kept, as their sha256 says")


def _differs(db: "Database", sha256: str) -> str:
    """Return what is wrong with kept bytes, '' when nothing is."""
    import hashlib

    digest = hashlib.sha256()
    try:
        place = stores.kept(db, sha256)
    except Failure as failure:
        return failure.message
    try:
        with open(file.open_regular(place), "rb") as kept:
            while chunk := kept.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"{place}: {error.strerror}"
    return "" if digest.hexdigest() == sha256 else f"{place} has other bytes"


def _verdict(name: str, wrong: list[str], well: str) -> Check:
    if wrong:
        return Check(name, PROBLEM, "; ".join(wrong[:5]), _ASK, fatal=True)
    return Check(name, OK, well)
