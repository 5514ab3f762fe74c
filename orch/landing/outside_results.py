"""Outside results: checks that orch.toml does not define, run by others on an entry's head.

The queue cannot run them on what it builds, so it takes their result for the head. Without one that
passed the entry waits, and says for which: trying again would change nothing.
"""

from orch.store import checks as store
from orch.store.entries import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from schema.transaction import ReadTx


def missing(tx: "ReadTx", settings: "Config", entry: Entry, names: list[str]) -> list[str]:
    """Return in words which outside checks keep an entry from landing.

    A revert undoes work, and an integration brings what landed by a queue: no head of theirs was
    ever checked outside.
    """
    if entry.kind != "task" or entry.attempt_key is None:
        return []
    words = []
    for name in names:
        if name in settings.checks:
            continue
        status = store.newest_at(tx, entry.attempt_key, name, entry.head_commit)
        if status != "passed":
            at = entry.head_commit[:12]
            said = f"{status} was recorded" if status else "no result was recorded"
            words.append(
                f"check {name}, which orch.toml does not define and of which {said} at {at}: "
                f"define [check.{name}]"
            )
    return words
