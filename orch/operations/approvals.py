"""Verdicts on what is to land: recorded, told, and never by whom the work belongs to."""

from orch.machines import ENTRY
from orch.model import Task
from orch.operations import entries
from orch.steps.model import say
from orch.store import approvals as store
from orch.store import entries as entry_rows
from orch.store.entries import Entry
from schema import events
from schema.failures import Failure
from schema.json_text import NULL, Json, obj
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

OVER = (*entries.FINAL, "landed", "landing")


class Proof(Value):
    """What a word rests on: `kind` (config.model.PROOFS), "" where no person said it.

    `origin`: where it was said. `text` was signed by `signature`.
    """

    kind: str = ""
    origin: Json = NULL
    text: str = ""
    signature: str = ""


_NO_PERSON = Proof()


def give(
    tx: "Tx", entry: Entry, digest: str, *, kind: str, verdict: str, by: str, note: str,
    proof: Proof = _NO_PERSON,
) -> int:  # fmt: skip
    """Record a verdict on an entry's head under the present policy; return the event's id.

    The same word by the same one, said again, is not recorded again. A reject holds the entry
    until somebody releases it. Raises: refused/approval_required for the owner of the work,
    invalid_state/terminal when it is over.
    """
    if entry.status in OVER:
        raise Failure(
            "invalid_state",
            "terminal",
            f"{entry.entry_id} ({entry.name}) is {entry.status}: there is nothing to approve",
            next=[say("queue show", entry.entry_id)],
        )
    refuse_owner(tx, entry.task_no, entry.name, by)
    work = ReviewedWork(entry.run_id, entry.task_no, entry.task_id, entry.head_commit)
    if not _is_said(tx, work, entry.released_event, by, (kind, verdict, digest, note), proof):
        _record(tx, work, digest, kind=kind, verdict=verdict, by=by, note=note, proof=proof)
    if verdict == "reject":
        _hold(tx, entry, by, note)
    return tx.last_event_id


def give_on_work(
    tx: "Tx", task: Task, head: str, digest: str, *, kind: str, verdict: str, by: str, note: str,
    proof: Proof = _NO_PERSON,
) -> int:  # fmt: skip
    """Record a verdict on a head of a task, queued or not yet; return the event's id.

    The same word by the same one, said again, is not recorded again, unless an entry was released
    since: from then on only new words count. A reject holds every open entry of that head.
    Raises: refused/approval_required for the owner.
    """
    refuse_owner(tx, task.task_no, task.name, by)
    found = [e for e in entry_rows.of_task(tx, task.task_no) if e.head_commit == head]
    since = max((entry.released_event for entry in found), default=0)
    work = ReviewedWork(task.run_id, task.task_no, task.task_id, head)
    if not _is_said(tx, work, since, by, (kind, verdict, digest, note), proof):
        _record(tx, work, digest, kind=kind, verdict=verdict, by=by, note=note, proof=proof)
    for entry in found:
        if verdict == "reject" and entry.status not in OVER:
            _hold(tx, entry, by, note)
    return tx.last_event_id


def _is_said(
    tx: "ReadTx", work: "ReviewedWork", since: int, by: str, word: tuple[str, ...], proof: Proof
) -> bool:
    """Say whether somebody's newest word on a head since an event is this very one."""
    said = [
        (one.kind, one.verdict, one.policy_digest, one.note, one.proof)
        for one in store.of_head(tx, work.task_no, work.head)
        if one.given_by == by and one.event_id > since
    ]
    return said[-1:] == [(*word, proof.kind)] and not proof.signature


class ReviewedWork(Value):
    """What a verdict is on: a head of a task, or of an integration branch."""

    run_id: str
    task_no: int | None
    task_id: str | None
    head: str


def _record(
    tx: "Tx", work: ReviewedWork, digest: str, *, kind: str, verdict: str, by: str, note: str,
    proof: Proof,
) -> None:  # fmt: skip
    event_id = events.record(
        tx,
        "approval_given",
        by,
        run_id=work.run_id,
        task_id=work.task_id,
        summary=f"{verdict} by {kind} {by}"
        + (f" ({proof.kind})" if proof.kind else "")
        + (f": {note}" if note else ""),
        payload=obj(
            kind=kind,
            verdict=verdict,
            head_commit=work.head,
            policy_digest=digest,
            note=note or None,
            proof=proof.kind or None,
            given_from=proof.origin,
            signed=proof.text or None,
            signature=proof.signature or None,
        ),
    )
    store.insert(
        tx,
        run_id=work.run_id,
        task_no=work.task_no,
        head_commit=work.head,
        policy_digest=digest,
        kind=kind,
        verdict=verdict,
        given_by=by,
        note=note,
        event_id=event_id,
    )


def _hold(tx: "Tx", entry: Entry, by: str, note: str) -> None:
    if entry.status not in ENTRY.before("release"):
        entries.hold(tx, entry, by, f"rejected by {by}" + (f": {note}" if note else ""))


def refuse_owner(tx: "ReadTx", task_no: int | None, name: str, by: str) -> None:
    """Raise refused/approval_required for whoever worked on the task."""
    if task_no is None:
        return
    if by.casefold() not in {owner.casefold() for owner in entry_rows.owners(tx, task_no)}:
        return  # Names that differ in case alone are one agent's.
    raise Failure(
        "refused",
        "approval_required",
        f"{by} worked on {name}: nobody approves their own work",
        hint="somebody else",
        next=[say("approve", name, as_="NAME")],
    )
