"""I1..I10 after every fault: reads the log, the tables and the clients' journals, nothing else.

Independent of the product: its own SQL, its own fold (fold.py). The product's own doctor is
asked as well, as one more witness. Call it where no connection to the store is open, since
it reads the raw file.
"""

import os
import re
import stat
from collections.abc import Callable

import apsw

from tests.support import journal
from tests.support.fold import Fold, fold
from tests.support.journal import Entry

UNSURE, AWAY = "store_error/outcome_unknown", "store_error/io"
_TOKEN = re.compile(rb"(?=(e\d{1,9}-[0-9a-z]{26}))")  # Ahead: a digit before it is no disguise.
_HOLDER_VERBS = ("renew", "update", "release", "done", "fail")


def violations(
    path: str,
    journals: list[list[Entry]] | None = None,
    look: Callable[[apsw.Connection], list[str]] = lambda _: [],
) -> list[str]:
    """Return every broken invariant of the store at `path`, worst first; empty is well.

    `look` says what else is wrong, asked on the same connection: each costs its opening (2 ms).
    """
    stories = [journal.pairs(entries) for entries in journals or []]
    told = [pair for story in stories for pair in story]
    broken = _modes(path) + _secrets(path, told)
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(20_000)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.execute("PRAGMA query_only=ON; BEGIN")
        broken += _file(connection)
        state = fold(_rows(connection, _EVENTS))
        broken += state.broken + _counter(connection, state)
        broken += _threads(connection, state) + _leases(connection, state)
        broken += _messages(connection, state)
        broken += _cursors(connection, stories)
        broken += _acknowledged(connection, state, told)
        broken += look(connection)
        connection.execute("COMMIT")
    except (apsw.CorruptError, apsw.NotADBError) as error:
        broken.insert(0, f"I1 {type(error).__name__}: {error}")
    finally:
        connection.close()
    return broken


def of_server(url: str, journals: list[list[Entry]]) -> list[str]:
    """Return every broken invariant of a store on a server; its files are the server's."""
    from tests.support.servers import Rows

    stories = [journal.pairs(entries) for entries in journals]
    told = [pair for story in stories for pair in story]
    with Rows(url) as connection:
        state = fold(_rows(connection, _EVENTS))
        given = _rows(connection, "SELECT last FROM counter WHERE name = 'event'")[0][0]
        broken = [] if given == state.last else [f"I8 {given} were given, {state.last} are there"]
        broken += state.broken + _threads(connection, state) + _leases(connection, state)
        broken += _messages(connection, state) + _cursors(connection, stories)
        return broken + _acknowledged(connection, state, told)


def doctor(path: str) -> list[str]:
    """Return what `inbox doctor --deep` finds, where it is there."""
    try:
        from inbox.workflows import doctor as workflow
    except ImportError:
        return []
    from schema import open as stores

    db = stores.open_store(path)
    try:
        checks = workflow.examine(db, True)
    finally:
        db.close()
    # Only what it calls fatal concerns the store; the rest may be this machine's git or disk.
    return [f"doctor {c.name}: {c.detail}" for c in checks if c.status == "problem" and c.fatal]


_EVENTS = """
SELECT event_id, event_type, actor, thread_no, status, assigned_to, payload
  FROM event ORDER BY event_id
"""
_THREADS = """
SELECT thread_no, status, assigned_to, addressed_to, created_by, epoch, lost_leases,
       last_event, last_message
  FROM thread ORDER BY thread_no
"""
_LEASES = """
SELECT thread_no, epoch, holder, claim_event, ended_by, ended_at IS NULL
  FROM lease ORDER BY thread_no, epoch
"""
_MESSAGES = """
SELECT e.event_id, e.actor, e.thread_no, m.from_agent, m.thread_no
  FROM event AS e LEFT JOIN message AS m USING (event_id)
 WHERE e.thread_no IS NOT NULL
"""
_BODIES = """
SELECT m.event_id, m.body, e.event_type FROM message AS m JOIN event AS e USING (event_id)
"""
_CURSORS = """
SELECT c.agent, t.thread_id, c.last_read, t.last_message
  FROM cursor AS c JOIN thread AS t USING (thread_no)
"""


def _rows(connection: apsw.Connection, sql: str) -> list[tuple]:
    return connection.execute(sql).fetchall()


def _modes(path: str) -> list[str]:
    """I10: nobody else can read the store or anything beside it."""
    broken = []
    where = os.path.dirname(path)
    for root, folders, files in os.walk(where):
        for name in folders + files:
            full = os.path.join(root, name)
            try:
                mode = os.lstat(full).st_mode
            except FileNotFoundError:
                continue
            if stat.S_IMODE(mode) & 0o077 and name.startswith(os.path.basename(path)):
                broken.append(f"I10 {full} has mode {stat.S_IMODE(mode):04o}")
    return broken


def _secrets(path: str, told: list[tuple[Entry, Entry | None]]) -> list[str]:
    """I10: no lease token is anywhere in the file or its WAL."""
    tokens = {got["token"] for _, got in told if got is not None and got.get("token")}
    if not tokens:
        return []
    raw = b""
    for name in (path, path + "-wal"):
        if os.path.exists(name):
            with open(name, "rb") as file:
                raw += file.read()
    found = {match.decode() for match in _TOKEN.findall(raw)}
    return [f"I10 token {token[:8]}… is in the store" for token in tokens & found]


def _file(connection: apsw.Connection) -> list[str]:
    """I1: the file is sound."""
    verdict = [row[0] for row in _rows(connection, "PRAGMA integrity_check")]
    broken = [] if verdict == ["ok"] else [f"I1 integrity_check: {verdict[:3]}"]
    lost = _rows(connection, "PRAGMA foreign_key_check")
    return broken + [f"I1 foreign key broken: {row}" for row in lost[:3]]


def _counter(connection: apsw.Connection, state: Fold) -> list[str]:
    """I8: no id was ever used and lost."""
    rows = _rows(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'event'")
    highest = rows[0][0] if rows else 0
    return [] if highest == state.last else [f"I8 {highest} ids were given, {state.last} are there"]


def _threads(connection: apsw.Connection, state: Fold) -> list[str]:
    """I9: the thread table is the fold of the log."""
    broken = []
    rows = _rows(connection, _THREADS)
    if [row[0] for row in rows] != sorted(state.threads):
        broken.append("I9 the table and the log know different threads")
    for row in rows:
        t = state.threads.get(row[0])
        if t is None:
            continue
        folded = (t.status, t.assigned_to, t.addressed_to, t.creator, t.epoch, t.lost)
        wanted = (t.thread_no, *folded, t.last_event, t.last_event)
        if row != wanted:
            broken.append(f"I9 thread is {row}, the log makes it {wanted}")
    return broken


def _leases(connection: apsw.Connection, state: Fold) -> list[str]:
    """I3 and I9: one lease row per claim, and at most one of a thread active."""
    wanted = [
        (t.thread_no, epoch, holder, claim, how, int(how is None))
        for t in sorted(state.threads.values(), key=lambda t: t.thread_no)
        for epoch, (holder, claim, how) in sorted(t.leases.items())
    ]
    found = _rows(connection, _LEASES)
    return [
        f"I9 lease {a} is not as the log has it" for a in sorted(set(found) ^ set(wanted), key=str)
    ]


def _messages(connection: apsw.Connection, state: Fold) -> list[str]:
    """I9: every event of a thread carries its message, and no message is without one."""
    broken = []
    rows = _rows(connection, _MESSAGES)
    for event_id, actor, thread_no, sender, thread in rows:
        if (actor, thread_no) != (sender, thread):
            broken.append(f"I9 event {event_id} by {actor} has the message of {sender}")
    count = _rows(connection, "SELECT count(*) FROM message")[0][0]
    if count != len(rows):
        broken.append(f"I9 {count} messages for {len(rows)} events of threads")
    return broken


def _cursors(
    connection: apsw.Connection, stories: list[list[tuple[Entry, Entry | None]]]
) -> list[str]:
    """I7: no cursor is beyond the thread's end, or behind what its agent was told."""
    broken = []
    now = {}
    for agent, thread_id, last_read, last_message in _rows(connection, _CURSORS):
        now[agent, thread_id] = last_read
        if last_read > last_message:
            broken.append(f"I7 {agent} has read {last_read} of {last_message} in {thread_id}")
    for story in stories:
        seen: dict[tuple[str, str], int] = {}
        for do, got in story:
            if got is None or got["exit"] or not got.get("cursor") or got.get("replayed"):
                continue
            key = (do["agent"], do["thread"])
            if got["cursor"] < seen.get(key, 0):
                broken.append(f"I7 {key}: told {seen[key]}, then {got['cursor']}")
            seen[key] = max(got["cursor"], seen.get(key, 0))
        broken += [
            f"I7 {key} was told {told}, the cursor is {now.get(key, 0)}"
            for key, told in seen.items()
            if now.get(key, 0) < told
        ]
    return broken


def _acknowledged(
    connection: apsw.Connection, state: Fold, told: list[tuple[Entry, Entry | None]]
) -> list[str]:
    """I2, I3, I4, I6: what a client was told is so, and what it was refused is not."""
    bodies: dict[str, list[tuple[int, str]]] = {}
    for event_id, body, kind in _rows(connection, _BODIES):
        bodies.setdefault(body, []).append((event_id, kind))
    kinds = dict(_rows(connection, "SELECT event_id, event_type FROM event"))
    actors = dict(_rows(connection, "SELECT event_id, actor FROM event"))
    broken = []
    for do, got in told:
        where = f"{do['do']} of {do['agent']} (n {do['n']})"
        found = bodies.get(do["body"], []) if do.get("body") else []
        if len(found) > 1:
            broken.append(f"I2 {where} is there {len(found)} times: {found}")
        if got is None:
            continue
        if got["exit"] == 0:
            broken += [f"{wrong}: {where}" for wrong in _kept(do, got, found, kinds, actors, state)]
        elif _is_unsure(got):
            continue
        elif found and found[0][1] != "thread_late_result":
            broken.append(f"I6 {where} was refused ({got['code']}), yet is event {found[0][0]}")
    return broken


def _is_unsure(got: Entry) -> bool:
    """Say whether a refusal leaves open what was done, by a first one of which all was lost too."""
    return got["code"] == UNSURE or (got["code"] == AWAY and bool(got.get("again")))


def _kept(
    do: Entry, got: Entry, found: list[tuple[int, str]], kinds: dict, actors: dict, state: Fold
) -> list[str]:
    """Return what is wrong about one acknowledged change."""
    event_id = got.get("event_id") or 0
    if do["do"] in ("ack", "show", "fetch", "list", "watch", "wait-reply", "search"):
        return []
    if event_id not in kinds:
        return [f"I2 acknowledged event {event_id} is not in the log"]
    if actors[event_id] != do["agent"]:
        return [f"I2 acknowledged event {event_id} is {actors[event_id]}'s"]
    if do.get("body") and [e for e, _ in found] != [event_id]:
        return [f"I2 event {event_id} was acknowledged, its text is at {found}"]
    if do["do"] == "claim" and (
        kinds[event_id] != "thread_claim" or state.epoch_at[event_id] != got["epoch"]
    ):
        return [f"I3 claim of epoch {got['epoch']} is event {event_id} {kinds[event_id]}"]
    if do["do"] in ("done", "fail") and kinds[event_id] != "thread_result":
        return [f"I6 acknowledged result is {kinds[event_id]}"]
    if do["do"] in _HOLDER_VERBS and do.get("epoch") and state.epoch_at[event_id] != do["epoch"]:
        return [f"I4 token of epoch {do['epoch']} worked in epoch {state.epoch_at[event_id]}"]
    return []
