"""Enqueueing of finished work: looked at in git first, then one transaction, then its ref.

The entry's head is frozen, and kept by a ref of its own until the entry is over: its branch may be
deleted meanwhile. Killed between the two, the next pass makes the ref.
"""

from itertools import groupby

from orch import config_in_force
from orch.git import attributes, commits, refs, repository
from orch.git import names as git_names
from orch.landing import approval_gate, kept_refs, open_queue
from orch.landing.open_queue import HEADS
from orch.landing.planner.model import STRATEGIES
from orch.machines import ENTRY
from orch.model import Attempt, Run, Task
from orch.operations import attempts, entries, runs, tasks
from orch.steps.model import git, say
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from orch.store.queues import Queue
from orch.worktrees import inspect
from schema import crash_points, keys
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database, ReadTx, Tx


class EnqueueOptions(Value):
    """What was asked for; None where run, orch.toml or task decides."""

    target: str | None = None
    strategy: str | None = None
    priority: int | None = None
    actor: str = ""


class PreparedEntry(Value):
    """An entry that was decided and looked at in git; nothing is written yet."""

    run: Run
    task: Task
    attempt: Attempt
    repo: repository.Repository
    target: str = ""
    values: dict[str, object] = own(factory=dict)


def prepare(db: "Database", run_id: str, task_id: str, options: EnqueueOptions) -> PreparedEntry:
    """Ask everything that may refuse, and read what the change is.

    Raises: not_found, invalid_state (transition, unsupported, superseded, no_change),
    invalid_input, refused (work_at_risk, repo_tampered), git_error.
    """
    _require_read(db, run_id, task_id)
    with db.read() as tx:
        run = runs.require_open(tx, run_id)
        task = tasks.require(tx, run_id, task_id)
        attempt = entries.require_fit(tx, run, task)
        risk, rank, priority = entry_rows.task_facts(tx, task.task_no)
        known = [e for e in entry_rows.of_task(tx, task.task_no) if e.kind == "task"]
    repo = open_queue.repository(db, run, attempt.repo_path)
    settings = config_in_force.of_run(db, run, repo, options.target or "")
    found = PreparedEntry(run, task, attempt, repo)
    found.target = open_queue.target_of(run, settings, options.target)
    open_queue.require_makeable(repo, found.target)
    require_unmoved(repo, task, attempt, was_queued=bool(known))
    _refuse_landed(repo, found.target, attempt, known)
    if found.target == HEADS + attempt.branch_name:
        raise invalid_input(f"{attempt.branch_name} is the task's own branch, not a target")
    strategy = options.strategy or settings.queue.strategy
    if strategy not in STRATEGIES:
        raise invalid_input(f"strategy {strategy!r} is unknown: one of {', '.join(STRATEGIES)}")
    assert attempt.head_commit is not None  # require_fit asked.
    seen = approval_gate.look(repo, attempt.base_commit, attempt.head_commit, task, attempt)
    approval_gate.require_no_store(attempt.branch_name, seen)
    if not seen.paths:
        raise entries.no_change(task, "its commits change nothing")
    _refuse_untestable(repo, task, attempt, seen)
    found.values = {
        "run_id": run.run_id,
        "kind": "task",
        "task_no": task.task_no,
        "attempt_key": attempt.attempt_key,
        "reverts": None,
        "head_commit": attempt.head_commit,
        "base_commit": attempt.base_commit,
        "strategy": strategy,
        "priority": priority if options.priority is None else options.priority,
        "rank": rank,
        "changed_paths": array(seen.paths),
        "facts": seen.facts,
        "bounces": 0,
        "risk": risk,
        "approvals": Json('{"needed":[],"given":[],"missing":[]}'),
        "added_by": options.actor or run.leader,
    }
    return found


def _require_read(db: "Database", run_id: str, task_id: str) -> None:
    """Raise what keeps finished work from being read as a whole: where it is, what it left."""
    with db.read() as tx:
        task = tasks.require(tx, run_id, task_id)
        attempt = attempts.latest(tx, task)
    if task.status != "done" or attempt is None or attempt.workspace_status != "created":
        return
    if attempt.dirty_files or not attempt.head_commit:
        left = inspect.left(attempt)
        if left.names:
            raise inspect.at_risk(task.name, attempt, left, "; it would not land")


def left_out(item: PreparedEntry) -> list[str]:
    """Return in words what an attempt left and does not land: its worktree was cleaned by force."""
    attempt, task = item.attempt, item.task
    if not attempt.dirty_files or attempt.workspace_status == "created":
        return []
    count = f"{many(attempt.dirty_files, 'uncommitted file')}"
    ref = git_names.salvage_ref(task.run_id, task.task_id, attempt.attempt_no)
    look = git("show", "--stat", ref).line
    back = say("salvage restore", task.name, attempt=attempt.attempt_no, out="DIR").line
    return [f"{count} of {task.name} will not land; see what was saved: {look}, or {back}"]


def _refuse_landed(
    repo: repository.Repository, target: str, attempt: Attempt, known: list[Entry]
) -> None:
    """Raise invalid_state/duplicate for work that landed on the target, and is still there."""
    for entry in known:
        is_same = (entry.attempt_key, entry.target) == (attempt.attempt_key, target)
        if not is_same or entry.status not in ENTRY.before("rollback"):
            continue
        tip = refs.read_ref(repo, target)
        if tip and refs.is_ancestor(repo, entry.landed_commit, tip):
            branch = target.removeprefix(HEADS)
            raise Failure(
                "invalid_state",
                "duplicate",
                f"{entry.name} landed on {branch} already, as {entry.landed_commit[:12]} "
                f"({entry.entry_id})",
                hint="look at it",
                next=[say("queue show", entry.entry_id)],
                details={"entry_id": entry.entry_id, "landed_commit": entry.landed_commit},
            )


def _refuse_untestable(
    repo: repository.Repository, task: Task, attempt: Attempt, seen: approval_gate.ChangeFacts
) -> None:
    """Raise invalid_state/unsupported for a tree of which no whole worktree can be made."""
    names = {path.rpartition("/")[2] for path in seen.paths}
    if names.isdisjoint((".gitattributes", ".gitmodules")) and not seen.gitlinks:
        return
    lacking = attributes.read_traits(repo, str(attempt.head_commit)).unsupported
    if lacking:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{task.name} cannot be tested, so it cannot land: {lacking}",
            hint="a person lands it",
            next=[git("merge", attempt.branch_name)],
        )


def require_unmoved(
    repo: repository.Repository, task: Task, attempt: Attempt, *, was_queued: bool
) -> None:
    """Raise invalid_state/superseded when the branch is not where the work was reported done."""
    now = refs.read_ref(repo, HEADS + attempt.branch_name)
    if not now and commits.missing_objects(repo, [str(attempt.head_commit)]):
        raise Failure(
            "git_error",
            "failed",
            f"git has lost {str(attempt.head_commit)[:12]}, the commit of {task.name}",
            hint="have it done again"
            if was_queued
            else "fetch it from a clone that has it, or have it done again by a new task",
            next=[
                say("queue retry", task.name, rework=True, body="TEXT")
                if was_queued
                else say("task add", run=task.run_id, task="ID", summary="TEXT")
            ],
            details={"recorded": attempt.head_commit},
        )
    if not now or now == attempt.head_commit:
        return  # A deleted branch loses nothing: the commit is recorded.
    head = str(attempt.head_commit)[:12]
    again = [say("queue retry", task.name, rework=True, body="TEXT")] if was_queued else []
    raise Failure(
        "invalid_state",
        "superseded",
        f"{attempt.branch_name} moved to {now[:12]} after {task.name} was reported done at "
        f"{head}: what was checked is not what would land",
        hint="look, then put it back" + (", or have it done again" if again else ""),
        next=[
            git("log", f"{head}..{attempt.branch_name}"),
            git("branch", "-f", attempt.branch_name, head),
            *again,
        ],
        details={"branch": attempt.branch_name, "now": now, "recorded": attempt.head_commit},
    )


def confirm(
    db: "Database",
    prepared: "list[PreparedEntry]",
    answer: "Callable[[Tx, list[Entry]], Json]",
    key: "keys.Key | None" = None,
    bounces: int = 0,
) -> Json:
    """Write all entries in one transaction with the answer, then keep their heads.

    Raises: invalid_state/duplicate, and whatever changed since `prepare`.
    """
    added: list[Entry] = []
    with db.write() as tx:

        def _change() -> Json:
            for item in prepared:
                _require_same(tx, item)
                repo_path = item.repo.top or item.repo.common_dir
                queue = queue_rows.open_one(tx, repo_path, item.target)
                _refuse_taken_back(tx, queue, item)
                values = {**item.values, "bounces": bounces}
                added.append(entries.add(tx, queue, values, item.task.task_id))
            return answer(tx, added)

        said = keys.once(tx, key, _change)
    crash_points.reach("queue.added")
    keep(db, added)
    crash_points.reach("queue.kept")
    return said


def _require_same(tx: "ReadTx", item: PreparedEntry) -> None:
    run = runs.require_open(tx, item.run.run_id)
    attempt = entries.require_fit(tx, run, tasks.require(tx, run.run_id, item.task.task_id))
    if attempt.attempt_key != item.attempt.attempt_key:
        raise Failure(
            "invalid_state",
            "superseded",
            f"{item.task.name} has a newer attempt",
            hint="run the same command again",
        )


def _refuse_taken_back(tx: "ReadTx", queue: Queue, item: PreparedEntry) -> None:
    """Refuse commits that a revert took back: the target holds them, so they would add nothing."""
    attempt = item.attempt
    by = entry_rows.reverted_by(tx, queue.queue_no, item.task.task_no, attempt.attempt_key)
    if by is None:
        return
    raise Failure(
        "invalid_state",
        "superseded",
        f"{item.task.name} landed on {queue.branch} and was taken back by ent_{by}: the same "
        "commits cannot land again",
        hint="have it done again",
        next=[say("queue retry", item.task.name, rework=True, body="TEXT")],
        details={"revert": f"ent_{by}"},
    )


def keep(db: "Database", added: list[Entry]) -> None:
    """Keep the heads of new entries, each queue's at once. Raises: git_error."""
    for number, group in groupby(added, lambda entry: entry.queue_no):
        with db.read() as tx:
            queue = queue_rows.get(tx, number)
        kept_refs.keep(open_queue.open_queue(db, queue), list(group), {})
