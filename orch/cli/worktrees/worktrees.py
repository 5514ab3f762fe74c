"""cleanup, salvage list and restore, repo accept: worktrees and what was in them."""

import os

from orch.cli import replay, task_names
from orch.git import names as git_names
from orch.git import repository, restoring, salvage
from orch.landing import slots as queue_slots
from orch.model import TERMINAL
from orch.operations import runs, tasks
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.worktrees import cleanup as workflow
from orch.worktrees import create, inspect, places
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import merge, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Run, Task
    from orch.store.places import Place


def cleanup(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    attempt: int | None,
    all_completed: bool,
    force: bool,
    older_than: float | None,
    dry_run: bool,
    key: str | None,
) -> None:
    """Remove worktrees whose work is proven safe; say the proof, or why one is kept."""
    if older_than is not None:
        beside = bool(task or task_name or attempt or all_completed or force)
        remove_leftovers(call, run, older_than, dry_run=dry_run, is_alone=not beside)
        return
    named = task is not None or task_name is not None
    _require_one_way(named=named, all_completed=all_completed, fits=bool(run) and attempt is None)
    with call.db.read() as tx:
        run_id = run if all_completed and run else task_names.split(tx, run, task, task_name)[0]
    if replay.say_again(call, run_id):
        return
    reconcile(call.db, run_id, call.note)
    which = "--all-completed" if all_completed else f"--task {task or task_name}"
    call.resume = call.again(f"cleanup --run {run_id} {which}" + (" --force" if force else ""))
    with call.db.read() as tx:
        found = runs.require(tx, run_id)
        subject = None
        if named:
            _, subject = task_names.require_task(tx, run, task, task_name)
        chosen = workflow.select(tx, found, subject, attempt)
    apart = places.select(call.db, run_id, subject.task_id if subject else None, attempt)
    slots = queue_slots.remove_idle(call.db, run_id) if all_completed and not dry_run else 0
    pushed = _forget_pushed(call, found) if all_completed and not dry_run else 0
    if not chosen and not slots and not apart and not pushed:
        look = say("status", run=run_id).because("see what there is")
        raise Failure("no_matching_work", "empty", "no worktree to clean up", next=[look])
    gone, stayed = _clear_places(call, apart, dry_run=dry_run)
    from orch.cli.progress import Bar

    with Bar(call, f"cleaning up {run_id}", len(chosen)) as bar:
        how = {"force": force, "dry_run": dry_run}
        outcomes = workflow.clean(call.db, found, chosen, step=bar.step, **how)
    cleaned = [outcome.document() for outcome in outcomes if outcome.cleaned] + gone
    kept = [outcome.document() for outcome in outcomes if not outcome.cleaned] + stayed
    answer = obj(run_id=run_id, dry_run=dry_run, cleaned=cleaned, kept=kept, queue_slots=slots)
    if pushed:
        answer = merge(answer, remote_branches=pushed)
    at_stake = [o for o in outcomes if not o.cleaned and inspect.is_here(o.attempt)]
    if (at_stake or stayed) and not cleaned and not dry_run:
        failure = _all_kept(run_id, subject, attempt, at_stake, kept)
        failure.details, failure.data = {"cleaned": cleaned, "kept": kept}, answer
        raise failure
    call.say(replay.keep(call, run_id, answer) if not dry_run else answer)


def _all_kept(
    run_id: str,
    subject: "Task | None",
    attempt: int | None,
    at_stake: "list[workflow.CleanupOutcome]",
    kept: "list[dict[str, object]]",
) -> Failure:
    """Return the refusal where nothing went; its commands are about these worktrees, not more."""
    hint = "commit the work, or save and remove it" if at_stake else "see what keeps it"
    name = f"{run_id}/{subject.task_id}" if subject else None
    if name is None:
        steps = [say("cleanup", run=run_id, all_completed=True, force=bool(at_stake))]
    elif any(outcome.attempt.status not in TERMINAL for outcome in at_stake):
        hint = "wait for it, or call it off"
        steps = [say("wait", run=run_id), say("cancel", name)]
    else:
        steps = [say("cleanup", name, attempt=attempt, force=bool(at_stake))]
    reasons = "; ".join(str(k["reason"]) for k in kept[:3])
    message = f"kept {many(len(kept), 'worktree')}, removed none: {reasons}"
    return Failure("refused", "work_at_risk", message, hint=hint, next=steps)


def _forget_pushed(call: "Call", run: "Run") -> int:
    """Delete what a remote has of landed work beside its target; return of how many tasks."""
    if not run.repo_id:
        return 0
    from orch.fleet import mirrors
    from orch.worktrees import pushed_refs

    checkout = mirrors.need(call.db, run.repo_id)
    repo = repository.open_repository(checkout.path)
    return pushed_refs.delete_landed(
        call.db, repo, checkout.remote, run.repo_id, kept_ms=0, run_id=run.run_id
    )


def _require_one_way(*, named: bool, all_completed: bool, fits: bool) -> None:
    if named == all_completed:
        raise invalid_input("give --task, or --run with --all-completed", reason="flag")
    if all_completed and not fits:
        raise invalid_input("--all-completed goes with --run and without --attempt", reason="flag")


def remove_leftovers(
    call: "Call", run: str | None, seconds: float, *, dry_run: bool, is_alone: bool
) -> None:
    """Remove what runs left that were closed so long ago; name it, or why it stays."""
    from orch import retention
    from orch.cli.progress import Bar

    if not is_alone:
        raise invalid_input("--older-than goes with --run and --dry-run only", reason="flag")
    if run is not None:
        with call.db.read() as tx:
            runs.require(tx, run)
    found = retention.find(call.db, int(seconds * 1000), run)
    if not dry_run:
        with Bar(call, "removing what closed runs left", len(found)) as bar:
            retention.remove(call.db, found, bar.step)
    gone = [one for one in found if not one.reason]
    call.say(
        obj(
            run_id=run,
            dry_run=dry_run,
            cleaned=[],
            kept=[],
            queue_slots=sum(one.what == "slot" for one in gone),
            leftovers=[one.document() for one in found],
            bytes=sum(one.bytes for one in gone),
        )
    )


def _clear_places(
    call: "Call", apart: "list[Place]", *, dry_run: bool
) -> "tuple[list[dict[str, object]], list[dict[str, object]]]":
    """Remove the places of attempts without a worktree; return what went and what could not."""
    gone, stayed = [], []
    for place in apart:
        shape = {"task_id": place.task_id, "attempt_no": place.attempt_no, "worktree_path": "",
                 "branch_name": "", "place_path": place.place_path}  # fmt: skip
        try:
            if not dry_run:
                places.remove(call.db, place)
            gone.append({**shape, "proof": "place", "ignored": 0})
        except (Failure, OSError) as error:
            said = error.message if isinstance(error, Failure) else str(error)
            stayed.append({**shape, "reason": f"cannot be removed: {said}"})
    return gone, stayed


def _repository(run_repo: str, given: str | None) -> repository.Repository:
    path = os.path.realpath(given or run_repo or os.getcwd())
    repo = repository.find_repository(path)
    if repo is None:
        raise not_found("repository", path, hint="say --repo-path")
    return repo


def list_salvages(call: "Call", *, run: str, repo_path: str | None) -> None:
    """List what cleanup saved for a run, oldest first."""
    with call.db.read() as tx:
        found = runs.require(tx, run)
    repo = _repository(found.repo_path, repo_path)
    salvages = salvage.list_salvages(repo, f"{salvage.SALVAGE}{run}/")
    call.say(
        obj(
            run_id=run,
            salvages=[
                {
                    "ref": kept.ref,
                    "commit": kept.commit,
                    "head_commit": kept.head,
                    "summary": kept.summary,
                    "created_at": _time(kept.at),
                }
                for kept in salvages
            ],
        )
    )


def _time(seconds: int) -> str:
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def restore_salvage(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    attempt: int | None,
    out: str | None,
    repo_path: str | None,
    key: str | None,
) -> None:
    """Make a new directory that holds everything as it was, uncommitted."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        found = runs.require(tx, run_id)
        number = attempt or tasks.require(tx, run_id, task_id).latest_attempt_no
    if replay.say_again(call, run_id):
        return
    if not out:
        raise invalid_input("missing --out: which new directory?", reason="flag")
    target = os.path.abspath(out)
    if os.path.lexists(target):
        raise invalid_input(f"{target} exists; name a new directory", reason="file")
    repo = _repository(found.repo_path, repo_path)
    ref = git_names.salvage_ref(run_id, task_id, number or 1)
    restoring.restore_salvage(repo, ref, target)
    answer = obj(run_id=run_id, task_id=task_id, attempt_no=number, ref=ref, path=target)
    call.say(replay.keep(call, run_id, answer))


def accept_repository(call: "Call", *, run: str, repo_path: str | None, key: str | None) -> None:
    """Record the repository's configuration as it is now: a person looked at it."""
    if replay.say_again(call, run):
        return
    with call.db.read() as tx:
        found = runs.require_open(tx, run)
    changes = create.accept(call.db, run, repo_path)
    path = create.repository_of(found, repo_path)
    call.say(replay.keep(call, run, obj(run_id=run, repo_path=path, changes=changes)))


def move_repository(
    call: "Call", *, run: str | None, repo_path: str | None, key: str | None
) -> None:
    """Record where a repository that was moved is now."""
    from orch.worktrees import moved_repository

    actor = "leader"
    if run is not None:
        with call.db.read() as tx:
            actor = runs.require(tx, run).leader
    call.say(moved_repository.moved(call.db, run, repo_path or os.getcwd(), call.key_for(actor)))
