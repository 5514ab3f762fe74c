"""--key for commands of several transactions: the whole answer is kept once all is done.

Each of their steps may be repeated, so a command that was killed half-way is run again and
does the rest; one that ended is answered from here.
"""

from orch.operations import runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.json_text import Json


def say_again(call: "Call", run_id: str) -> bool:
    """Answer from what is kept under the call's key, if anything is; say whether.

    Raises: not_found/run, key_conflict.
    """
    with call.db.read() as tx:
        kept = call.kept(tx, runs.require(tx, run_id).leader)
    if kept is None:
        return False
    call.say(kept)
    return True


def keep(call: "Call", run_id: str, answer: "Json") -> "Json":
    """Keep the answer under the call's key and return it; another's, if that was faster."""
    if not call.key:
        return answer
    with call.db.write() as tx:
        return call.once(tx, runs.require(tx, run_id).leader, lambda: answer)
