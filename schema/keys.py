"""Idempotency keys: the same command run again gives the stored answer, once and for all.

Scoped by (actor, verb). Refusals are not stored. The row is written in the transaction of
the change it answers for, so an answer exists exactly when its change does (I6).
"""

from schema import ids, queries
from schema.failures import Failure
from schema.json_text import Json, dumps, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Key:
    """One key with the digest of the arguments it came with."""

    __slots__ = ("actor", "arguments", "key", "verb")

    def __init__(self, actor: str, verb: str, key: str, arguments: "list[object]") -> None:
        self.actor = actor
        self.verb = verb
        self.key = key
        self.arguments = ids.digest(dumps(arguments))


def find(tx: "ReadTx", key: Key | None) -> Json | None:
    """Return the stored answer with `replayed: true`, or None for a new key.

    Raises: key_conflict when the key was used with other arguments.
    """
    if key is None:
        return None
    row = tx.maybe(_SQL["key_find"], actor=key.actor, verb=key.verb, key=key.key)
    if row is None:
        return None
    if row[0] != key.arguments:
        thread, by_lease, _ = key.key.partition("\n")  # No typed key holds a line feed.
        name = f"the lease of thread {thread}" if by_lease else f"--key {key.key!r}"
        raise Failure(
            "key_conflict",
            "other_arguments",
            f"{name} was used for another {key.verb} by {key.actor}",
            hint="use a new key for a new command, or repeat the first one exactly",
        )
    return merge(row[1], replayed=True)


def once(tx: "Tx", key: Key | None, change: "Callable[[], Json]", also: Key | None = None) -> Json:
    """Return the answer of `change`, done and kept unless either key has an answer already.

    Guarantees: a refusal of `change` keeps nothing. Raises: key_conflict, what `change` does.
    """
    for one in (key, also):
        kept = find(tx, one)
        if kept is not None:
            return kept
    answer = change()
    _store(tx, key, answer)
    _store(tx, also, answer)
    return answer


def _store(tx: "Tx", key: Key | None, answer: Json) -> None:
    if key is not None:
        tx.execute(
            _SQL["key_store"],
            actor=key.actor,
            verb=key.verb,
            key=key.key,
            arguments=key.arguments,
            answer=answer,
        )
        tx.key = key
