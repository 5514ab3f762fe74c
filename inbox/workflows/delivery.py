"""Before a thread is done: its work is brought to a remote, where its creator cannot look here.

Only for threads that `delivery` knows, on a store that several machines share. `orch push` does it:
inbox knows nothing of git.
"""

import json
import os
import subprocess
import sysconfig

from inbox.model import TERMINAL
from inbox.operations import leases
from inbox.store import deliveries
from schema.failures import TABLE, Failure
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_SECONDS = 300.0


def bring(db: "Database", thread_id: str) -> None:
    """Have the remote take what a thread's worker made.

    Raises: invalid_state/not_ready where it does not, with the command that does it by hand;
    lease_conflict/superseded where the thread is another's by now.
    """
    with db.read() as tx:
        thread = leases.require_thread(tx, thread_id)
        found = deliveries.find(tx, thread.thread_no)
    if found is None or thread.status in TERMINAL:
        return
    by_hand = Step(("orch", "push", f"{thread.run_id}/{thread.task_id}"), "act")
    if found.machine_id != db.machine:
        raise Failure(
            "invalid_state", "not_ready",
            f"the work of {thread_id} is on another machine: report it from there",
            next=[Step(("orch", "machine", "list"), "look")],
        )  # fmt: skip
    said = _pushed(db, thread_id)
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict):
        return
    code, reason = str(error.get("code")), str(error.get("reason"))
    if (code, reason) not in (("lease_conflict", "superseded"), ("invalid_state", "not_ready")):
        code, reason = "invalid_state", "not_ready"
    assert reason in TABLE[code][2]
    raise Failure(
        code, reason, str(error.get("message")), hint=str(error.get("hint")), next=[by_hand]
    )  # fmt: skip


def _pushed(db: "Database", thread_id: str) -> object:
    """Run `orch push` for a thread; return what it answered, an error where it did not."""
    program = os.path.join(sysconfig.get_path("scripts"), "orch")
    environment = {**os.environ, "ORCH_DB": db.path, "INBOX_THREAD": thread_id}
    try:
        ended = subprocess.run(
            [program, "push", "--json"], env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
        return json.loads(ended.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return {"error": {"message": f"there was no answer: {error}", "hint": ""}}
