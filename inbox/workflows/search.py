"""Full text: the index is brought up to date by the search itself, in small steps.

So hot commands pay nothing for it, and a message is searchable as soon as anyone searches.
The words of the user are words: every query syntax is quoted away.
"""

from inbox import reads
from inbox.store import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import Database

_STEP = 2_000  # Messages indexed under one write lock: about 50 ms.


def search(
    db: "Database", words: str, agent: str | None, thread_no: int | None, limit: int
) -> "list[Json]":
    """Return the best matches for all the words, best first."""
    expression = literal(words)
    while True:
        with db.read() as tx:
            behind = texts.behind(tx)
        if not behind:
            break
        with db.write() as tx:
            texts.index_step(tx, _STEP)
    with db.read() as tx:
        return reads.search(tx, expression, agent, thread_no, limit)


def literal(words: str) -> str:
    """Return an FTS5 expression that means exactly these words.

    Each becomes one quoted string, which the index takes apart as it did the texts.
    """
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
