"""Targets of a council, read from git when it is started: commits, a diff, an attempt.

Writes nothing. The answers later refer to what was there at this moment.
"""

import json
import os

from council.rows import Council
from orch.git import merges, names, refs, repository
from orch.model import Attempt, Run, Task
from orch.operations import attempts, runs
from orch.operations import tasks as task_rules
from orch.steps.model import say
from schema import file
from schema.failures import Failure, invalid_input, not_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def look_at_repository(council: Council, cwd: str) -> None:
    """Note the checkout that `cwd` is in, with its commit; outside git, `cwd` itself."""
    inside, _ = file.main_checkout(cwd)  # Without git: most targets are mere words.
    repo = repository.find_repository(cwd) if inside is not None else None
    if repo is None:
        council.repo_path = cwd if council.target_type == "repo" else ""
        return
    council.repo_path = repo.top or repo.common_dir
    council.head_commit = refs.head(repo).commit


def look_at_span(council: Council, span: str, cwd: str) -> str:
    """Note the commits of BASE..HEAD (BASE...HEAD: since they parted); return the diff.

    Raises: not_found/repository, invalid_input (no span, unknown commit, no difference, too
    large), git_error.
    """
    dots = "..." if "..." in span else ".."
    base, found, head = span.partition(dots)
    if not found or not base:
        raise invalid_input(
            f"--diff wants BASE..HEAD, not {names.display(span)[:80]!r}", hint="like main..topic"
        )
    repo = repository.find_repository(cwd)
    if repo is None:
        raise not_found("repository", cwd, hint="run it inside the git repository of the diff")
    council.repo_path = repo.top or repo.common_dir
    council.head_commit = refs.resolve(repo, head or "HEAD")
    council.base_commit = refs.resolve(repo, base)
    if dots == "...":
        council.base_commit = refs.merge_base(repo, council.base_commit, council.head_commit)
        if not council.base_commit:
            raise invalid_input(f"{base} and {head or 'HEAD'} have no common ancestor")
    return _diff(council, repo)


def look_at_attempt(db: "Database", council: Council, run_id: str, task_id: str) -> str:
    """Note the latest attempt of a task and what it was to do; return its diff, '' without one.

    Raises: not_found (run, task), invalid_state/not_ready when code without a recorded head is
    to be reviewed, refused/repo_tampered, git_error.
    """
    from orch.reconcile import reconcile
    from orch.worktrees.create import open_checked

    reconcile(db, run_id)  # The head of a finished attempt is read then.
    with db.read() as tx:
        run = runs.require(tx, run_id)
        task = task_rules.require(tx, run_id, task_id)
        attempt = attempts.latest(tx, task)
    council.reviewed_task = task.name
    council.reviewed_attempt_no = attempt.attempt_no if attempt is not None else None
    council.target = "\n\n".join(filter(None, (council.target.strip(), _asked(task))))
    if attempt is None or not attempt.head_commit:
        if council.mode == "code-review":
            raise _nothing_to_review(run, task, attempt)
        return ""
    council.base_commit, council.head_commit = attempt.base_commit, attempt.head_commit
    repo = open_checked(db, run, attempt.repo_path)
    council.repo_path = repo.top or repo.common_dir
    return _diff(council, repo)


def look_at_text(council: Council) -> None:
    """Note the lines that a target shows which is itself a diff."""
    from council.locations import parse_diff

    files = parse_diff(council.target).files
    if any(files.values()):
        council.shown_lines = json.dumps(dict(files))


def _diff(council: Council, repo: repository.Repository) -> str:
    from council.locations import parse_diff

    text, cut = merges.diff_text(repo, council.base_commit, council.head_commit)
    span = f"{council.base_commit[:12]}..{council.head_commit[:12]}"
    if cut:
        raise invalid_input(
            f"the diff {span} is larger than 8 MiB: no reviewer reads that",
            hint="review it in parts: --diff BASE..HEAD for a few commits at a time",
        )
    if not text:
        raise invalid_input(f"there is no difference in {span}: nothing to review")
    council.shown_lines = json.dumps(dict(parse_diff(text).files))
    return text


def _asked(task: Task) -> str:
    """Return what a task was to do."""
    parts = [f"Task {task.name}: {task.title}", task.summary or ""]
    if task.acceptance:
        parts.append("Accepted when: " + task.acceptance)
    if task.spec_text:
        parts.append("Specification:\n" + task.spec_text)
    return "\n\n".join(filter(None, parts))


def _nothing_to_review(run: Run, task: Task, attempt: Attempt | None) -> Failure:
    where = f"attempt {attempt.attempt_no} has no recorded head" if attempt else "no attempt"
    return Failure(
        "invalid_state",
        "not_ready",
        f"task {task.name} is {task.status}: {where}, so there is no change to review",
        hint="review the task itself with --mode plan-review, or wait until it is done",
        next=[say("wait", run=run.run_id, for_="task_done")],
    )


def here() -> str:
    """Return the directory that a target is looked for from."""
    return os.path.realpath(os.getcwd())
