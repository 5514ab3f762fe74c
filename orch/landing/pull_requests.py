"""Landing by pull request: tested work is pushed and proposed, and the forge decides when it lands.

`[forge] land = "pull-request"`. What passed its trial, and has every approval that the policy asks
for, is pushed as a branch and opened as a pull request; the entry waits outside of the queue. Each
look at most once in 30 s a repository: merged and found on the target, it has landed externally;
closed, it is held, as a person rejected it; a required check failed, it failed with the check's
log; a reviewer asked for changes, it failed with their words; conflicting or overtaken, it is
built, tested and pushed anew. The forge's own trouble is an error that is tried again, never a
verdict; people are told of it.

Killed between any two, the next look goes on: intent row -> push -> pull request -> row.
"""

import json
from datetime import datetime

from orch.forge.model import Draft, ForgeCheck, ForgeReview, PullRequest
from orch.forge.rules import ForgeRules
from orch.git import landing, names, proofs, refs, remotes
from orch.harness.redaction import Redactor
from orch.landing import approval_gate, candidates, land, open_queue
from orch.landing.open_queue import HEADS, OpenQueue
from orch.landing.planner.model import Land
from orch.landing.runner_lease import RunnerLease
from orch.machines import ENTRY
from orch.operations import entries
from orch.store import entries as entry_rows
from orch.store import pull_requests as pull_rows
from orch.store import tasks as task_rows
from orch.store.entries import Entry
from orch.store.pull_requests import Pull
from orch.store.queues import Queue
from schema import crash_points
from schema.failures import Failure
from schema.json_text import obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.forge.github import Forge
    from schema.transaction import Database

LOOK_MS = 30_000  # At most one look in so long, per pull request.
_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 30_000, 900_000
_MOST_ERRORS = 8  # Two hours of a forge that cannot be asked; then a person.
_MOST_LOG = 16_000
_TROUBLE = ("git_error", "invalid_input")


def connect(opened: OpenQueue) -> "Forge":
    """Return the forge of a queue's repository. Raises: invalid_input, git_error."""
    from orch.forge import github

    rules = opened.settings.forge
    return github.connect(rules, remotes.url(opened.repo, rules.remote))


def propose(lease: RunnerLease, opened: OpenQueue, step: Land, commit: str) -> list[str]:
    """Push what passed and open its pull request; return in words what could not be done.

    Raises: lease_conflict/superseded, internal_error/bug.
    """
    with lease.effects():
        if refs.tree_id(opened.repo, step.commit) != step.tree:
            raise Failure(
                "internal_error", "bug", f"{step.commit} does not have the tree that was tested"
            )
        if opened.look() != step.onto or not open_queue.is_current(lease.db, opened):
            return []  # The next pass looks again.
        number = step.entries[0]
        if not _intend(lease, opened, number, commit):
            return []
        crash_points.reach("forge.intended")
    return push(lease, opened, number)


def follow(
    lease: RunnerLease, opened: OpenQueue, changed: dict[int, None], *, first: bool
) -> list[str]:
    """Look at the pull requests of a queue that are due; return what could not be done.

    `first`: of this run, so that the target is brought to where it is on the remote.
    Raises: lease_conflict/superseded.
    """
    if not opened.by_pull_request:
        return []
    with lease.db.read() as tx:
        waiting = pull_rows.of_queue(tx, lease.queue_no)
        now = tx.now.wall_ms
    due = [pull for pull in waiting if pull.due_at <= now]
    problems: list[str] = []
    if due or first:
        problems += _bring_target(lease, opened)
    for pull in due:
        problems += look(lease, opened, pull.entry_no)
        with lease.db.read() as tx:
            if entry_rows.get(tx, pull.entry_no).status != "awaiting_forge":
                changed[pull.entry_no] = None
    return problems


def waits(db: "Database", queue: Queue) -> bool:
    """Say whether anything of a queue waits for the forge, which sends no events."""
    with db.read() as tx:
        return bool(pull_rows.of_queue(tx, queue.queue_no))


def look(lease: RunnerLease, opened: OpenQueue, number: int) -> list[str]:
    """Ask the forge about one entry's pull request and follow it; return what could not be done."""
    with lease.db.read() as tx:
        pull = pull_rows.find(tx, number)
    if pull is None or pull.number is None or pull.pushed != pull.commit_id:
        return push(lease, opened, number)
    try:
        forge = connect(opened)
        if forge.is_unchanged(_etags(pull)):
            _seen(lease, pull, pull.summary, pull.etag)
        else:
            _judge(lease, opened, forge, pull, forge.look(pull.number))
    except Failure as failure:
        return [_missed(lease, number, pull, failure)]
    return []


def _intend(lease: RunnerLease, opened: OpenQueue, number: int, commit: str) -> bool:
    with lease.write() as tx:
        entry = entry_rows.get(tx, number)
        if entry.status not in ENTRY.moving:
            return False
        if approval_gate.evaluate_now(tx, opened, entry).state != "granted":
            return False
        branch = f"orch-pr/{entry.run_id}/{entry.task_id or entry.kind}"
        earlier = pull_rows.of_branch(tx, lease.queue_no, branch)
        pull_rows.intend(tx, number, branch, commit, earlier)
        payload = obj(entry_id=entry.entry_id, target=entry.target, commit=commit, branch=branch)
        entries.move(tx, entry, "propose", payload=payload)
    return True


def push(lease: RunnerLease, opened: OpenQueue, number: int) -> list[str]:
    """Push an entry's commit and open its pull request, or bring both up to date.

    Returns in words what could not be done.
    """
    with lease.db.read() as tx:
        pull = pull_rows.find(tx, number)
        entry = entry_rows.get(tx, number)
    assert pull is not None
    rules = opened.settings.forge
    try:
        forge = connect(opened)
        with lease.effects():
            if not remotes.push(
                opened.repo, rules.remote, pull.commit_id, HEADS + pull.branch, pull.pushed
            ):
                there = remotes.commit_of(opened.repo, rules.remote, HEADS + pull.branch)
                _hold(
                    lease, number, f"{pull.branch} on {rules.remote} is at {there[:12]}: not ours"
                )
                return []
        crash_points.reach("forge.pushed")
        found = forge.open(draft(lease.db, opened, entry, pull.branch))
        crash_points.reach("forge.opened")
    except Failure as failure:
        return [_missed(lease, number, pull, failure)]
    with lease.write() as tx:
        pull_rows.opened(tx, number, found.number, found.url, tx.now.wall_ms + LOOK_MS)
    return []


def draft(db: "Database", opened: OpenQueue, entry: Entry, branch: str) -> Draft:
    """Return what an entry's pull request says: the task's story, as words of agents."""
    title, _, rest = candidates.message_of(db, entry).partition("\n")
    parts = [f"Landed by `orch` as {entry.entry_id} ({entry.name}); its trial passed here."]
    if entry.task_no is not None:
        with db.read() as tx:
            task = task_rows.by_no(tx, entry.task_no)
        parts += [names.display(text) for text in (task.summary, task.acceptance) if text]
    parts.append(rest.strip())
    return Draft(
        branch, opened.queue.branch, title[:200], "\n\n".join(parts)[:60_000],
        opened.settings.forge.labels,
    )  # fmt: skip


def _etags(pull: Pull) -> dict[str, str]:
    """Return what was read at the last look, with its ETags; {} where the last one failed."""
    if pull.errors or not pull.etag.startswith("{"):
        return {}
    found: dict[str, str] = json.loads(pull.etag)
    return found


def _seen(lease: RunnerLease, pull: Pull, words: str, etag: str) -> None:
    with lease.write() as tx:
        due = tx.now.wall_ms + LOOK_MS
        pull_rows.seen(tx, pull.entry_no, state="open", summary=words, etag=etag, due_at=due)


def _judge(
    lease: RunnerLease, opened: OpenQueue, forge: "Forge", pull: Pull, found: PullRequest
) -> None:
    """Follow what the forge says of a pull request."""
    if found.state == "merged":
        _landed(lease, opened, forge, pull, found)
        return
    if found.state == "closed":
        by = forge.closer(found.number)
        _hold(lease, pull.entry_no, f"its pull request was closed by {by or 'somebody'}")
        return
    if found.head != pull.commit_id:
        _hold(lease, pull.entry_no, f"{pull.branch} was pushed over: it is at {found.head[:12]}")
        return
    checks = forge.checks(pull.commit_id)
    required = forge.required(opened.queue.branch)
    reviews = forge.reviews(found.number)
    failed = [c for c in checks if c.state == "failed" and (not required or c.name in required)]
    against = [r for r in reviews if r.state == "changes_requested" and _is_about(pull, r)]
    if failed:
        words = f"{', '.join(check.name for check in failed[:5])} failed on the forge"
        _failed(lease, pull, words, failed_logs(forge, failed))
    elif against:
        who = ", ".join(review.user for review in against)
        said = [f"=== {r.user}\n{forge.remarks(found.number, r)}" for r in against]
        _failed(lease, pull, f"{who} asked for changes", _clean("\n".join(said)))
    elif found.is_mergeable is False:
        with lease.write() as tx:
            entry = entry_rows.get(tx, pull.entry_no)
            if entry.status == "awaiting_forge":
                entries.move(tx, entry, "requeue", reason="the forge cannot merge it any more")
    else:
        words = summary(checks, required, [review.state for review in reviews])
        _seen(lease, pull, words, json.dumps(forge.etags))


def _is_about(pull: Pull, review: ForgeReview) -> bool:
    """Say whether a review is of this attempt's work: a rework answers those before it."""
    if review.commit == pull.commit_id or not review.at:
        return True
    said = datetime.fromisoformat(review.at.replace("Z", "+00:00"))
    return 1000 * said.timestamp() > pull.created_at


def summary(checks: list[ForgeCheck], required: list[str] | None, reviews: list[str]) -> str:
    """Return in a line what a pull request waits for."""
    states = {check.name: check.state for check in checks}
    wanted = required or list(states)
    parts = []
    for state, word in (("pending", "running"), ("error", "without a verdict")):
        names_of = [name for name in wanted if states.get(name, "pending") == state]
        if names_of:
            parts.append(f"{', '.join(names_of[:5])} {word}")
    passed = sum(states.get(name) == "passed" for name in wanted)
    parts.append(f"{passed} of {many(len(wanted), 'check')} passed")
    for state, word in (("approved", "approved"), ("changes_requested", "ask for changes")):
        if reviews.count(state):
            parts.append(f"{reviews.count(state)} {word}")
    return "; ".join(parts)


def _landed(
    lease: RunnerLease, opened: OpenQueue, forge: "Forge", pull: Pull, found: PullRequest
) -> None:
    """Record a merge once its commit is proved to be on the target, here and on the remote.

    A check that failed and passed on the same commit counts as a flake.
    """
    problems = _bring_target(lease, opened)
    if problems:
        raise Failure("git_error", "failed", problems[0])
    opened.look()
    with lease.db.read() as tx:
        entry = entry_rows.get(tx, pull.entry_no)
    at = found.merge_commit
    merged = bool(at) and refs.is_ancestor(opened.repo, at, opened.tip)
    if not merged and not proofs.find_integration(opened.repo, entry.head_commit, opened.tip):
        raise Failure("git_error", "failed", f"{at[:12]} is not on {opened.queue.branch} yet")
    is_flaky = any(check.is_flaky for check in forge.checks(pull.commit_id))
    with lease.write() as tx:
        pull_rows.seen(
            tx, pull.entry_no, state="merged", summary=f"merged as {at[:12]}", etag="", due_at=0
        )
        current = entry_rows.get(tx, pull.entry_no)
        if current.status == "awaiting_forge":
            if is_flaky:
                entry_rows.count(tx, pull.entry_no, "flakes")
            entries.move(tx, current, "find", reason=f"#{pull.number} was merged as {at[:12]}")


def _failed(lease: RunnerLease, pull: Pull, words: str, text: str) -> None:
    """Record why it is sent back, and what was said there: the rework's brief holds it."""
    with lease.write() as tx:
        pull_rows.seen(
            tx, pull.entry_no, state="open", summary=words, etag="", due_at=0, failure=text
        )
        entry = entry_rows.get(tx, pull.entry_no)
        if entry.status == "awaiting_forge":
            entries.move(tx, entry, "fail", reason=words, count="failures")


def failed_logs(forge: "Forge", failed: list[ForgeCheck]) -> str:
    """Return the ends of the logs of failed checks, without secrets."""
    logs = [f"=== {check.name}\n{forge.failed_log(check) or check.url}" for check in failed[:5]]
    return _clean("\n".join(logs))


def _clean(text: str) -> str:
    return Redactor({}).text(text)[-_MOST_LOG:]


def _hold(lease: RunnerLease, number: int, reason: str) -> None:
    with lease.write() as tx:
        entry = entry_rows.get(tx, number)
        if entry.status == "awaiting_forge":
            entries.move(tx, entry, "hold", reason=reason)


def _missed(lease: RunnerLease, number: int, pull: Pull, failure: Failure) -> str:
    """Note that the forge could not be asked; after many times it is an error, for a person."""
    if failure.code not in _TROUBLE:
        raise failure
    wait = min(_FIRST_WAIT_MS << min(pull.errors, 10), _LONGEST_WAIT_MS)
    after = failure.details.get("retry_after_s")
    wait = max(wait, after * 1000 if isinstance(after, int) else 0)
    with lease.write() as tx:
        told = f"{failure.message[:500]}{f'; {failure.hint}' if failure.hint else ''}"
        pull_rows.missed(tx, number, told, tx.now.wall_ms + wait)
        entry = entry_rows.get(tx, number)
        if pull.errors + 1 >= _MOST_ERRORS and entry.status == "awaiting_forge":
            entries.move(tx, entry, "break", reason=failure.message[:500])
    return f"{entry.entry_id} ({entry.name}): {failure.message}"


def _bring_target(lease: RunnerLease, opened: OpenQueue) -> list[str]:
    """Fast-forward the target here to where it is on the remote; return what stands in the way."""
    rules: ForgeRules = opened.settings.forge
    ref, branch = opened.queue.target, opened.queue.branch
    try:
        there = remotes.fetch(opened.repo, rules.remote, ref)
    except Failure as failure:
        return [f"{branch} cannot be fetched from {rules.remote}: {failure.message}"]
    here = opened.look()
    if not opened.exists or here == there or refs.is_ancestor(opened.repo, there, here):
        ahead = opened.exists and here != there
        return [f"{branch} here is ahead of {rules.remote}: git push {rules.remote} {branch}"][
            : int(ahead)
        ]
    if not refs.is_ancestor(opened.repo, here, there):
        return [f"{branch} here and on {rules.remote} have gone different ways: merge them first"]
    with lease.effects():
        found = land.blockers(opened, here, there)
        if found:
            return [f"{branch} cannot follow {rules.remote}: {found[0].why}"]
        if landing.move_target(opened.repo, ref, here, there, f"orch: follow {rules.remote}"):
            land.refresh(opened, here, there)
    opened.look()
    return []
