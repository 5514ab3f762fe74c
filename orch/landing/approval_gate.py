"""Approval gate of an entry: how risky its change is, who must approve it, who did.

Reads the change once, when it is queued, and keeps its facts with the entry; decides anew in each
pass, since the policy, the approvals and what the queue found out may change.
"""

import json

from orch import paths
from orch.git import merges, names, refs, repository
from orch.landing import change_facts, policy, signatures
from orch.landing.change_facts import RiskFacts
from orch.landing.policy import Situation, Vote
from orch.model import Attempt, Task
from orch.steps.model import git
from orch.store import approvals as approval_rows
from orch.store import entries as entry_rows
from orch.store import trials
from orch.store.entries import Entry
from schema.failures import Failure
from schema.file import STORE_FOLDER
from schema.json_text import Json, dumps, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from orch.landing.open_queue import OpenQueue
    from schema.transaction import ReadTx, Tx

_CAME_BY_QUEUE = "came_by_queue"


class ChangeFacts:
    """What git says of a change, kept with its entry."""

    __slots__ = ("facts", "gitlinks", "paths")

    def __init__(self, found: RiskFacts) -> None:
        self.paths = list(found.paths)
        self.gitlinks = found.gitlinks
        self.facts = dumps(found.document())


class Verdict:
    """What the policy decides about an entry now. `state`: granted, needed or rejected."""

    __slots__ = ("given", "missing", "needed", "risk", "solo", "state", "why")

    def __init__(self) -> None:
        self.risk = policy.HIGH
        self.state = "needed"
        self.needed: list[str] = []
        self.given: list[str] = []
        self.missing: list[str] = []
        self.why: list[str] = []
        self.solo = False

    def document(self) -> Json:
        """Return the published shape of `approvals`."""
        missing = self.needed if self.state == "rejected" else self.missing
        return obj(needed=self.needed, given=self.given, missing=missing)


def look(
    repo: repository.Repository, base: str, head: str, task: Task | None, attempt: Attempt | None
) -> ChangeFacts:
    """Read what a change consists of: since `head` left the history of `base`."""
    start = refs.merge_base(repo, base, head) or base
    changes = merges.changed_paths(repo, start, head)
    patch, cut = merges.diff_text(repo, start, head)
    scope = json.loads(attempt.path_violations or "[]") if attempt is not None else []
    rows = [(names.display(c.path), c.status, c.old_mode, c.new_mode) for c in changes]
    found = change_facts.read(rows, patch, cut=cut, scope=scope)
    return ChangeFacts(found)


def require_no_store(branch: str, seen: ChangeFacts) -> None:
    """Raise invalid_state/unsupported for a change that would be written over the store's folder.

    A checkout that follows its branch would have a worker's file as store, log or configuration.
    """
    inside = [path for path in seen.paths if paths.is_stores(path)]
    if inside:
        tops = dict.fromkeys(path.partition("/")[0] for path in inside)
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{branch} changes {', '.join(inside[:5])}: what lies in {STORE_FOLDER} is orch's own, "
            "as an older store is, and never lands",
            hint="a person takes the rest",
            next=[git("merge", "--no-commit", branch), git("rm", "-r", "--cached", *tops)],
            details={"files": inside[:200]},
        )


def digest_of(settings: "Config") -> str:
    """Return the digest of the policy that is in force; approvals are bound to it."""
    return policy.digest_of(settings.policy)


def evaluate(
    tx: "ReadTx", settings: "Config", entry: Entry, *, waived: bool, resolved: bool
) -> Verdict:
    """Return what the policy decides about an entry, with the approvals that are there."""
    verdict = Verdict()
    kept = json.loads(entry.facts)
    if entry.kind == "integrate" and kept.get(_CAME_BY_QUEUE) is True:
        verdict.state = "granted"
        verdict.why = ["all that it brings landed by the queue, each part approved there"]
        return verdict
    task_risk = policy.HIGH
    owners: set[str] = set()
    if entry.task_no is not None:
        task_risk = entry_rows.task_facts(tx, entry.task_no)[0]
        owners = entry_rows.owners(tx, entry.task_no)
    situation = Situation(
        task_risk=task_risk,
        waived_checks=waived and not settings.queue.no_ci,
        machine_resolved=resolved,
        flaky=entry.flakes > 0,
    )
    facts: RiskFacts = change_facts.from_document(kept, json.loads(entry.changed_paths))
    asked = policy.require(settings.policy, facts, situation)
    humans = settings.policy.humans if settings.policy is not None else []
    digest = digest_of(settings)
    votes = [
        Vote(one.speaker, one.verdict, one.given_by)
        for one in counting(tx, entry)
        if one.policy_digest == digest and _is_proved(tx, settings, entry, one)
    ]
    decided = policy.decide(asked, votes, owners, humans)
    verdict.risk, verdict.why = asked.risk, list(asked.why)
    verdict.solo = asked.risk == policy.HIGH
    verdict.needed = _counted(asked.approvers)
    verdict.state = decided.state
    verdict.given, verdict.missing = list(decided.given), list(decided.missing)
    return verdict


def _is_proved(tx: "ReadTx", settings: "Config", entry: Entry, one: approval_rows.Approval) -> bool:
    """Say whether a word is proved as the policy wants it; only a person's approval needs that."""
    wanted = settings.policy.proof if settings.policy is not None else "name"
    if one.kind != "human" or one.verdict != "approve" or wanted == "name":
        return True
    if one.proof == "signature":
        return signatures.is_sound(tx, settings, entry, one)
    return wanted == "terminal" and one.proof == wanted


def _counted(kinds: tuple[str, ...]) -> list[str]:
    return [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]


def counting(tx: "ReadTx", entry: Entry) -> list[approval_rows.Approval]:
    """Return the verdicts on an entry's head that count.

    Once an entry that was rejected is released, only what was said after that does.
    """
    found = approval_rows.of_head(tx, entry.task_no, entry.head_commit)
    earlier = [one for one in found if one.event_id < entry.released_event]
    if any(one.verdict == "reject" for one in earlier):
        return [one for one in found if one.event_id > entry.released_event]
    return found


def evaluate_now(tx: "ReadTx", opened: "OpenQueue", entry: Entry) -> Verdict:
    """Return the verdict under a lock, with everything that a snapshot takes into account."""
    from orch.landing import required_checks

    built = trials.built(tx, entry.queue_no)
    resolved = any(b.entry_no == entry.entry_no and b.resolved != "[]" for b in built)
    waived = not required_checks.of_entry(tx, opened.settings, entry)
    return evaluate(tx, opened.settings, entry, waived=waived, resolved=resolved)


def see(tx: "Tx", settings: "Config", entry: Entry) -> None:
    """Keep on an entry what the policy decides now that somebody said a word about it.

    Guarantees: whoever looks before the next pass sees what is still missing.
    """
    from orch.landing import required_checks

    waived = not required_checks.of_entry(tx, settings, entry)
    now = evaluate(tx, settings, entry, waived=waived, resolved=False)
    entry_rows.see(tx, entry.entry_no, now.risk, now.document(), entry.position, entry.why)


def see_work(tx: "Tx", settings: "Config", task_no: int, head: str) -> None:
    """Keep the same on every entry that waits with a head of a task."""
    for entry in entry_rows.of_task(tx, task_no):
        if entry.head_commit == head and entry.status in ("queued", "awaiting_approval"):
            see(tx, settings, entry)


def require_human(settings: "Config", name: str | None) -> None:
    """Raise refused/approval_required for a name that is not one of the policy's humans.

    None: nobody was named, it is the leader's word.
    """
    humans = settings.policy.humans if settings.policy is not None else []
    if (
        name is not None
        and humans
        and name.casefold() not in {human.casefold() for human in humans}
    ):
        raise Failure(
            "refused",
            "approval_required",
            f"{name} is not one of the humans that [policy] of orch.toml names",
            hint="one of them must say it: --as NAME",
        )
