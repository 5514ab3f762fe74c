"""approve, reject: a person's verdict on what is to land."""

from orch import config
from orch.cli import queue_names
from orch.operations import approvals, runs
from orch.store import approvals as approval_rows
from orch.store import entries as store
from orch.workflows import queue_gate, queue_snapshot
from schema import keys
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call


def approve(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    as_name: str | None,
    note: str,
    key: str | None,
) -> None:
    """Approve an entry's head under the policy as it is now."""
    _give(call, entry, run, "approve", as_name, note)


def reject(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    as_name: str | None,
    note: str,
    key: str | None,
) -> None:
    """Reject an entry's head; it is held."""
    _give(call, entry, run, "reject", as_name, note)


def _give(
    call: "Call", name: str | None, run: str | None, verdict: str, by: str | None, note: str
) -> None:
    with call.db.read() as tx:
        found = queue_names.require(tx, name, run)
    settings = config.load(found.repo_path)
    digest = queue_gate.digest_of(settings)
    with call.db.write() as tx:
        found = store.get(tx, found.entry_no)
        actor = by or runs.require(tx, found.run_id).leader
        scope = call.key_for(actor)
        answer = keys.find(tx, scope)
        if answer is None:
            runs.require_open(tx, found.run_id)
            queue_gate.require_human(settings, actor)
            call.committed = approvals.give(
                tx, found, digest, kind="human", verdict=verdict, by=actor, note=note
            )
            fresh = store.get(tx, found.entry_no)
            waived = not queue_snapshot.checks_of(tx, settings, fresh)
            now = queue_gate.weigh(tx, settings, fresh, waived=waived, resolved=False)
            store.see(tx, found.entry_no, now.risk, now.document(), found.position, found.why)
            latest = approval_rows.of_head(tx, found.task_no, found.head_commit)[-1]
            answer = keys.store(
                tx,
                scope,
                obj(
                    entry=store.document(tx, found.entry_no),
                    verdict=latest.document(),
                    event_id=call.committed,
                ),
            )
    call.say(answer, call.committed)


def refusal(waiting: "list[tuple[str, str, list[str]]]", command: str, came: list[str]) -> Failure:
    """Return the refusal of a run that could land nothing without people.

    `waiting` are (entry id, name, who is missing); `came` tells what else the run came to.
    """
    needs = [
        f"{entry} ({name}) needs " + (", ".join(missing) or "an approval")
        for entry, name, missing in waiting[:5]
    ]
    words = "; ".join([*came[:5], *needs])
    return Failure(
        "refused",
        "approval_required",
        f"nothing landed: {words}",
        hint=f"look at it, then: orch queue approve {waiting[0][0]} --as NAME; then {command}",
        details={"waiting": [{"entry_id": e, "name": n, "missing": m} for e, n, m in waiting]},
    )
