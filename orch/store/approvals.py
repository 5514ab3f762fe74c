"""Rows of `approval`: verdicts on one head under one policy; append-only."""

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Approval(queries.Record):
    """One verdict: approve, reject or abstain, by a human, a council or a reviewer.

    What it rests on stands in the event that tells of it; `is_told`: that event says the same.
    """

    approval_no: int
    head_commit: str
    policy_digest: str
    kind: str
    verdict: str
    given_by: str
    note: str
    at: str
    event_id: int
    proof: str
    given_from: str | None
    signed: str
    signature: str
    is_told: bool

    @property
    def speaker(self) -> str:
        """Whose word it is: the kind, or `leader` where no person was named."""
        return self.proof if self.proof == "leader" else self.kind

    def document(self) -> dict[str, object]:
        """Return the published shape."""
        return {
            "approval_no": self.approval_no,
            "kind": self.speaker,
            "verdict": self.verdict,
            "given_by": self.given_by,
            "proof": self.proof or None,
            "given_from": Json(self.given_from) if self.given_from else None,
            "note": self.note,
            "head_commit": self.head_commit,
            "policy_digest": self.policy_digest,
            "created_at": self.at,
        }


def insert(
    tx: "Tx",
    *,
    run_id: str,
    task_no: int | None,
    head_commit: str,
    policy_digest: str,
    kind: str,
    verdict: str,
    given_by: str,
    note: str,
    event_id: int,
) -> int:
    """Add a verdict and return its number."""
    approval_no: int = tx.value(
        _SQL["approval_insert"],
        run_id=run_id,
        task_no=task_no,
        head_commit=head_commit,
        policy_digest=policy_digest,
        kind=kind,
        verdict=verdict,
        given_by=given_by,
        note=note,
        event_id=event_id,
    )
    return approval_no


def of_head(tx: "ReadTx", task_no: int | None, head_commit: str) -> list[Approval]:
    """Return every verdict on a head, in order; whether its policy still counts is the caller's."""
    return Approval.many(tx, _SQL["approval_of_head"], task_no=task_no, head_commit=head_commit)
