"""What the policy says of an entry: how risky its change is, who must approve, who did."""

from orch import git
from orch.model import Attempt, Task
from orch.store import approvals as approval_rows
from orch.store import entries as entry_rows
from orch.store import trials
from orch.store.entries import Entry
from schema import ids
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config import Config
    from orch.workflows.queue_place import Place
    from schema.transaction import ReadTx


class Seen:
    """What git says of a change, kept with its entry."""

    __slots__ = ("facts", "paths")

    def __init__(self, paths: list[str], facts: Json) -> None:
        self.paths = paths
        self.facts = facts


class Verdict:
    """What the policy decides about an entry now. `state`: granted, needed or rejected."""

    __slots__ = ("given", "missing", "needed", "risk", "solo", "state", "why")

    def __init__(self) -> None:
        self.risk = "high"
        self.state = "needed"
        self.needed: list[str] = []
        self.given: list[str] = []
        self.missing: list[str] = []
        self.why: list[str] = []
        self.solo = False

    def document(self) -> Json:
        """Return the published shape of `approvals`."""
        return obj(needed=self.needed, given=self.given, missing=self.missing)


def look(
    repo: git.Repository, base: str, head: str, task: Task | None, attempt: Attempt | None
) -> Seen:
    """Read what changed between two commits."""
    start = git.merge_base(repo, base, head) or base
    paths = [git.display(c.path) for c in git.changed_paths(repo, start, head)]
    return Seen(paths, Json("{}"))


def digest_of(settings: "Config") -> str:
    """Return the digest of the policy that is in force; approvals are bound to it."""
    return ids.digest("no policy")


def weigh(
    tx: "ReadTx", settings: "Config", entry: Entry, *, waived: bool, resolved: bool
) -> Verdict:
    """Return what the policy decides about an entry, with the approvals that are there."""
    verdict = Verdict()
    if entry.kind == "integrate" and '"came_by_queue":true' in entry.facts:
        verdict.state = "granted"
        verdict.why = ["all that it brings landed by the queue, each part approved there"]
        return verdict
    digest = digest_of(settings)
    owners = entry_rows.owners(tx, entry.task_no) if entry.task_no is not None else set()
    verdict.needed = ["1 human"]
    latest: dict[str, approval_rows.Approval] = {}
    for one in counting(tx, entry):
        if one.policy_digest == digest and one.given_by not in owners:
            latest[one.given_by] = one
    verdict.given = [n for n, one in latest.items() if one.verdict == "approve"]
    if any(one.verdict == "reject" for one in latest.values()):
        verdict.state = "rejected"
    elif verdict.given:
        verdict.state = "granted"
    else:
        verdict.missing = ["1 human"]
    return verdict


def counting(tx: "ReadTx", entry: Entry) -> list[approval_rows.Approval]:
    """Return the verdicts on an entry's head that count.

    Once an entry that was rejected is released, only what was said after that does.
    """
    found = approval_rows.of_head(tx, entry.task_no, entry.head_commit)
    earlier = [one for one in found if one.event_id < entry.released_event]
    if any(one.verdict == "reject" for one in earlier):
        return [one for one in found if one.event_id > entry.released_event]
    return found


def weigh_now(tx: "ReadTx", place: "Place", entry: Entry) -> Verdict:
    """Return the verdict under a lock, with everything that a snapshot takes into account."""
    from orch.workflows import queue_snapshot

    built = trials.built(tx, entry.queue_no)
    resolved = any(b.entry_no == entry.entry_no and b.resolved != "[]" for b in built)
    waived = not queue_snapshot.checks_of(tx, place, entry)
    return weigh(tx, place.settings, entry, waived=waived, resolved=resolved)


def require_human(settings: "Config", name: str) -> None:
    """Raise refused/approval_required for somebody who is not one of the policy's humans."""
