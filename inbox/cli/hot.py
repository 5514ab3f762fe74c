"""Hot commands on a server in one round trip: a function of the store makes the whole change.

It does what the operation of the same name does, and answers the same bytes, or it does nothing:
a refusal, a replay or whatever else is not the plain case is the operation's, which has the words
for it. Loaded only for a store on a server.
"""

import os

from inbox.cli import plain
from inbox.model import Change, MessageDraft
from schema import ids, queries
from schema.failures import Failure
from schema.json_text import Json, array, loads, obj
from schema.pg.database import server
from schema.pg.whole_change import AnswerLost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.cli.call import Call
    from schema.pg.database import PgDatabase
    from schema.transaction import Database, Tx

_SQL = queries.Queries(os.path.join(os.path.dirname(__file__), "hot.pg.sql"))
_MESSAGES_WITH_CLAIM = 200


def answer(
    call: "Call",
    name: str,
    again: "Callable[[Tx, Change], Json]",
    values: dict[str, object],
) -> Json | None:
    """Return the answer of a hot command, or None: nothing was done, the operation may.

    `again` makes the answer of a change whose own was lost. Raises: store_busy, store_error.
    """
    db = server(call.db)
    actor = str(values.get("agent") or values.get("sender"))
    values = _Values(call, db, actor, values).all
    if values["token"] == 0:
        return None  # Forged: which refusal comes first is the operation's to say.
    try:
        row = db.at_once(_SQL["hot_" + name], values)
    except AnswerLost as lost:
        if values["key"] is not None or values["by_token"] is not None:
            return None  # It was kept under the key: a replay.
        call.committed = lost.event_id
        with db.write() as tx:
            return again(tx, Change(lost.thread_no, lost.thread_id, lost.event_id))
    if row is None:
        return None
    call.committed = int(row[1])
    return _with_tokens(db, name, Json(row[0]), row[2], row[3])


def _with_tokens(db: "PgDatabase", name: str, given: Json, thread_id: str, epoch: int) -> Json:
    """Return the answer with the token of what was claimed: computed here, and never stored."""
    if name in ("claim", "claim_next"):
        token = obj(token=ids.lease_token(db.secret, thread_id, epoch))
        return Json(given[:-2] + "," + token[1:] + "}")  # The lease is what stands last in it.
    claimed = loads(given)["claimed"] if name == "finish" and '"claimed":{' in given else None
    if claimed is None:
        return given
    thread_id, epoch = claimed["thread"]["thread_id"], claimed["lease"]["epoch"]
    token = obj(token=ids.lease_token(db.secret, thread_id, epoch))
    return plain.patched(given, "$.claimed.lease", token)


class _Values:
    """What a function is given: `all`, by the names of its block."""

    __slots__ = ("all",)

    def __init__(
        self, call: "Call", db: "PgDatabase", actor: str, given: dict[str, object]
    ) -> None:
        self.all: dict[str, object] = given
        lease = given.pop("lease", None)
        key = call.key_for(actor)
        self.all |= {"verb": call.words, "most": _MESSAGES_WITH_CLAIM}
        self.all |= {"token": None, "by_token": None}
        self.all |= {"key": key.key if key else None, "arguments": key.arguments if key else None}
        draft = given.pop("draft", None)
        if isinstance(draft, MessageDraft):
            self._write(draft)
        if isinstance(lease, str):
            epoch = self.all["token"] = _epoch(db, str(given["thread"]), lease)
            if "target" in given:  # A result: its token is a key of its own.
                by_token = call.key_for(actor, f"{given['thread']}\n{epoch}")
                assert by_token is not None
                self.all |= {"by_token": by_token.key, "arguments": by_token.arguments}

    def _write(self, draft: MessageDraft) -> None:
        named = [[a.path, a.kind, a.metadata, a.size, a.sha256, int(a.copied)]
                 for a in draft.artifacts]  # fmt: skip
        self.all |= {"summary": draft.summary, "body": draft.body, "payload": draft.payload}
        self.all["artifacts"] = array(named)


def _epoch(db: "PgDatabase", thread_id: str, token: str) -> int:
    """Return the epoch that an authentic token names, 0 for a forged one."""
    try:
        epoch = ids.token_epoch(token)
    except Failure:
        return 0
    return epoch if token == ids.lease_token(db.secret, thread_id, epoch) else 0


def fetch(
    db: "Database", reader: str | None, offers: Json, limit: int, unread_only: bool
) -> tuple[Json, int, int]:
    """Return (threads, how many, the newest event): inbox/reads.py `fetch`, in one round trip."""
    values: dict[str, object] = {"reader": reader, "offers": offers, "limit": limit}
    values["unread_only"] = int(unread_only)
    threads, counted, newest = server(db).look(_SQL["hot_fetch"], values)
    return Json(threads), counted, newest
