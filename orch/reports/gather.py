"""Gather the account of a run: from the store, from git, and what is left to do.

Reads only, apart from the reconcile that comes first. What git cannot tell any more (a lost
repository, commits that are gone) is left out; the rest is told all the same.
"""

import json
from functools import partial

from orch.board.reader import BoardReader
from orch.git import merges, names, proofs, refs, repository
from orch.operations import runs
from orch.reports import landing_story
from orch.reports.document import Account, AttemptWork
from orch.steps.model import say
from orch.store import history
from orch.store import runs as run_rows
from schema.failures import Failure
from schema.moments import stamp
from schema.steps import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from orch.store.history_model import AttemptHistory
    from schema.transaction import Database, ReadTx

    Repositories = dict[str, tuple[repository.Repository, str] | None]
    Reviews = Callable[[ReadTx, str], Mapping[str, list[dict[str, Any]]]]

_MOST_COMMITS = 50


def gather(db: "Database", run_id: str, reviews: "Reviews") -> Account:
    """Return the account of a run; `reviews` gives what councils said of its tasks.

    Raises: not_found/run.
    """
    seen = BoardReader(db, run_id, 0).read()
    with db.read() as tx:
        run = runs.require(tx, run_id)
        document = seen.runs[0] if seen.runs else run_rows.document(tx, run_id)
        account = Account(json.loads(document), history.of_run(tx, run_id))
        account.reviews = dict(reviews(tx, run_id))
        account.landings = landing_story.of_run(tx, run_id)
    account.left = [
        {
            "run_id": need.run_id,
            "task_id": need.task_id,
            "kind": need.kind,
            "who": need.who,
            "since": stamp(need.since),
            "text": need.text,
            "command": need.command,
        }
        for need in seen.needs
        if need.task_id is not None or need.kind != "landing"  # Told task by task, below.
    ]
    repositories: Repositories = {}
    for task, attempt in account.history.attempts():
        if not attempt.head_commit or not attempt.base_commit:
            continue
        if attempt.repo_path not in repositories:
            repositories[attempt.repo_path] = _open(attempt.repo_path, run.target)
        found = repositories[attempt.repo_path]
        if found is None:
            continue
        is_latest = attempt.attempt_no == task.latest_attempt_no
        work = AttemptWork(target=run.target or "HEAD")
        account.works[attempt.attempt_key] = work
        for look in (_commits, _files, partial(_proof, target=found[1] if is_latest else "")):
            try:
                look(found[0], attempt, work)
            except Failure as failure:
                if failure.code not in ("git_error", "not_found", "invalid_input"):
                    raise
    account.left += _unlanded(account)
    return account


def _unlanded(account: Account) -> "Iterator[dict[str, Any]]":
    """Done work that the target does not hold, and that is in no merge queue."""
    for task in account.history.tasks:
        last = task.attempts[-1] if task.attempts else None
        work = account.works.get(last.attempt_key) if last is not None else None
        if last is None or work is None or task.status != "done" or task.landing is not None:
            continue
        if work.commits and not work.proof:
            count = len(work.commits)
            yield {
                "run_id": account.history.run_id,
                "task_id": task.task_id,
                "kind": "landing",
                "who": None,
                "since": stamp(last.ended_at or account.history.now),
                "text": f"{count} commit{'' if count == 1 else 's'} that {work.target} has not",
                "command": command(say("queue add", f"{account.history.run_id}/{task.task_id}")),
            }


def _open(path: str, target: str) -> "tuple[repository.Repository, str] | None":
    """Return the repository and the commit that work is meant for; "" where there is none yet."""
    try:
        repo = repository.find_repository(path)
    except Failure:
        return None
    if repo is None:
        return None
    try:
        return repo, refs.resolve(repo, target) if target else refs.head(repo).commit
    except Failure:
        return repo, ""


def _commits(repo: "repository.Repository", attempt: "AttemptHistory", work: AttemptWork) -> None:
    assert attempt.head_commit is not None
    span = (attempt.base_commit, attempt.head_commit, _MOST_COMMITS)
    lines = refs.line_counts_of_commits(repo, *span)
    for one in refs.list_commits(repo, *span):
        added, removed = lines.get(one.commit, (0, 0))
        work.commits.append(
            {
                "commit": one.commit,
                "subject": one.subject,
                "author": one.author,
                "at": stamp(one.at * 1000),
                "added": added,
                "removed": removed,
            }
        )


def _files(repo: "repository.Repository", attempt: "AttemptHistory", work: AttemptWork) -> None:
    assert attempt.head_commit is not None
    changed = merges.changed_paths(repo, attempt.base_commit, attempt.head_commit)
    work.files = [names.display(change.path) for change in changed]
    for _, added, removed in merges.line_counts(repo, attempt.base_commit, attempt.head_commit):
        work.added += added
        work.removed += removed


def _proof(
    repo: "repository.Repository", attempt: "AttemptHistory", work: AttemptWork, *, target: str
) -> None:
    """Find the work in the target; an attempt without commits of its own has nothing to land."""
    assert attempt.head_commit is not None
    if target and attempt.head_commit != attempt.base_commit:
        work.proof = proofs.find_integration(repo, attempt.head_commit, target).proof
