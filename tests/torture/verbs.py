"""Every verb of the bus in a state where it does its work: what `points` and `disk` break.

`Template` is one closed store in which each verb of VERBS succeeds (or is refused with the
refusal that writes); `copy()` gives a fresh one to spoil. Adding a verb that writes? Add it.
"""

import os
import shutil

import apsw

from schema import new_store
from tests.support import places
from tests.support.session import Answer, Session
from tests.torture import planted

HELD = "held"
_ALMOST_FOLDED = 990 * 4120  # Bytes of WAL; a COMMIT that makes it 1,000 pages folds it in.


class Verb:
    """One command line; `refusal` is the one it ends with, `writes` whether it changes anything."""

    def __init__(
        self, name: str, *argv: str, key: bool = True, refusal: str = "", writes: bool = True
    ) -> None:
        self.name = name
        self.argv = [*argv, "--key", f"key-{name}"] if key else list(argv)
        self.refusal = refusal
        self.writes = writes

    def fits(self, answer: Answer) -> bool:
        """Say whether it ended as it does on a sound disk."""
        return answer.code == self.refusal


def _own(*argv: str) -> list[str]:
    return [*argv, "--agent", "w", "--thread", HELD]


def verbs(token: str) -> list[Verb]:
    """Return every verb for a Template whose lease of HELD has this token."""
    body = ["--body", "text"]
    return [
        Verb("send", "send", "--from", "lead", "--to", "w", "--subject", "s", *body),
        Verb("append", "send", "--from", "lead", "--thread", HELD, *body),
        Verb("claim", "claim", "--agent", "w", "--thread", "waiting"),
        Verb("claim-next", "claim", "--agent", "w", "--next"),
        Verb("take-over", "claim", "--agent", "w", "--thread", "lapsed"),
        Verb(
            "abandon", "claim", "--agent", "w", "--thread", "spent",
            refusal="invalid_state/abandoned",
        ),
        Verb("renew", *_own("renew"), "--lease", token),
        Verb("release", *_own("release"), "--lease", token),
        Verb("update", *_own("update"), "--status", "blocked", *body),
        Verb("reply", "reply", "--from", "lead", "--thread", HELD, *body),
        Verb("done", *_own("done"), *body),
        Verb("done-token", *_own("done"), "--lease", token, *body, key=False),
        Verb("fail", *_own("fail"), "--retryable", *body),
        Verb("cancel", "cancel", "--agent", "lead", "--thread", HELD),
        Verb("late", "done", "--agent", "w", "--thread", "called-off", *body,
             key=False, refusal="invalid_state/superseded"),
        Verb("ack", *_own("ack"), "--through", "msg_1"),
        Verb("mark-read", *_own("show"), "--mark-read", key=False),
        Verb("wait-reply", "wait-reply", "--agent", "lead", "--thread", HELD,
             "--after-event", "0", "--kinds", "progress", "--timeout-seconds", "5", key=False),
        Verb("search", "search", "text", key=False),
        Verb("fetch", "fetch", "--agent", "w", key=False, writes=False),
        Verb("list", "list", key=False, writes=False),
        Verb("show", "show", "--thread", HELD, key=False, writes=False),
        Verb("watch", "watch", "--after-event", "0", key=False, writes=False),
    ]  # fmt: skip


class Template:
    """A closed store that holds one thread for each verb.

    Its WAL is folded in, or, with `long_wal`, just short of where the next COMMIT does that.
    """

    def __init__(self, where: str, *, long_wal: bool = False) -> None:
        self.path = os.path.join(where, "template", places.STORE)
        new_store.create(self.path)
        planted.prepare(self.path)
        session = Session(self.path)
        self._fill(session)
        session.settle()
        while long_wal and os.stat(self.path + "-wal").st_size < _ALMOST_FOLDED:
            session.run("reply", "--from", "lead", "--thread", HELD, "--body", "filler " * 400)
        if not long_wal:
            session.db.connection.pragma("wal_checkpoint(TRUNCATE)")
        session.close()

    def _fill(self, session: Session) -> None:
        def _do(*argv: str) -> Answer:
            answer = session.run(*argv)
            assert answer.ok, answer
            return answer

        for name, more in (
            (HELD, []),
            ("waiting", []),
            ("lapsed", []),
            ("spent", ["--max-claims", "1"]),
            ("called-off", []),
        ):
            send = ["send", "--from", "lead", "--to", "w", "--subject", name, "--thread", name]
            _do(*send, "--body", "text", *more)
        self.token = _do("claim", "--agent", "w", "--thread", HELD).data["lease"]["token"]
        _do("update", "--agent", "w", "--thread", HELD, "--status", "in_progress", "--body", "b")
        for name in ("lapsed", "spent"):
            _do("claim", "--agent", "x", "--thread", name, "--lease-seconds", "0.001")
        _do("claim", "--agent", "w", "--thread", "called-off")
        _do("cancel", "--agent", "lead", "--thread", "called-off")
        self.verbs = verbs(self.token)

    def copy(self, where: str) -> str:
        """Return the path of a fresh copy in `where`, made while nobody has the store open."""
        shutil.rmtree(where, ignore_errors=True)
        os.mkdir(where, 0o700)
        path = os.path.join(where, places.STORE)
        for tail in ("", "-wal"):
            if os.path.exists(self.path + tail):
                shutil.copy(self.path + tail, path + tail)
        return path

    def is_untouched(self, path: str) -> bool:
        """Say whether a copy still has every byte of its store and its WAL."""
        return _bytes(path) == _bytes(self.path)


def _bytes(path: str) -> list[bytes]:
    found = []
    for name in (path, path + "-wal"):
        if os.path.exists(name):
            with open(name, "rb") as file:
                found.append(file.read())
        else:
            found.append(b"")
    return found


_STATE = """
SELECT (SELECT json_group_array(event_type || ifnull(status, '')) FROM
            (SELECT event_type, status FROM event ORDER BY event_id)),
       (SELECT json_group_array(thread_no || status || epoch || assigned_to) FROM
            (SELECT * FROM thread ORDER BY thread_no)),
       (SELECT json_group_array(agent || thread_no || ':' || last_read) FROM
            (SELECT * FROM cursor ORDER BY agent, thread_no)),
       (SELECT indexed_through FROM message_text_state),
       (SELECT count(*) FROM idempotency_key)
"""


def state(connection: apsw.Connection) -> tuple:
    """Return what a verb can change, without ids and times, to compare two stores."""
    return connection.execute(_STATE).fetchall()[0]


def state_of(path: str) -> tuple:
    """Return the state of a store that nobody has open."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return state(connection)
    finally:
        connection.close()
