"""events and trace: what happened, in order."""

from inbox.workflows import wait
from orch.cli import task_names
from orch.event_types import EVENT_TYPES
from orch.operations import runs
from orch.store import due
from orch.store import requests as request_rows
from orch.store import trace as trace_rows
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_STEP = 200


def events(
    call: "Call",
    *,
    run: str,
    after_event: int | None,
    follow: bool,
    types: str | None,
    limit: int,
) -> None:
    """Print the run's log, or stream it."""
    chosen = [name.strip() for name in types.split(",") if name.strip()] if types else []
    if types is not None and not chosen:
        raise invalid_input("--type is empty", hint="like task_done,task_failed")
    for name in chosen:
        if name not in EVENT_TYPES:
            raise _unknown(name)
    wanted = array(chosen) if chosen else None
    with call.db.read() as tx:
        runs.require(tx, run)
        page = due.documents(tx, run, after_event or 0, wanted, limit + 1)
    if follow:
        _follow(call, run, after_event or 0, wanted)
        return
    shown = page[:limit]
    call.say(
        obj(
            run_id=run,
            events=array([Json(text) for _, text in shown]),
            next_after=shown[-1][0] if len(page) > limit else None,
        )
    )


def _unknown(name: str) -> Failure:
    from difflib import get_close_matches

    known = sorted(EVENT_TYPES)
    near = get_close_matches(name, known, 3, 0.5)
    return invalid_input(
        f"no event type {name!r}",
        hint=f"did you mean {' or '.join(near)}?" if near else "one of: " + ", ".join(known),
    )


def _follow(call: "Call", run: str, after: int, wanted: Json | None) -> None:
    call.streaming = True
    words = call.again(f"events --run {run} --follow")
    call.resume = f"{words} --after-event {after}"
    position = [after]

    def _look() -> list[tuple[int, str]] | None:
        with call.db.read() as tx:
            return due.documents(tx, run, position[0], wanted, _STEP) or None

    while True:
        for event_id, text in wait.until(call.db, ["run=" + run], _look, 0) or []:
            position[0] = event_id
            call.stream(text, f"{words} --after-event {event_id}")


def trace(call: "Call", *, run: str | None, task: str | None, task_name: str | None) -> None:
    """Show a task's whole story in order: its request, attempts, messages, checks, commits."""
    with call.db.read() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)
        steps = trace_rows.steps(tx, found.run_id, subject.task_id)
        commits = trace_rows.heads(tx, subject.task_no)
        request = request_rows.of_task(tx, subject.task_no)
        before = request_rows.trace(tx, request) if request is not None else []
    known = {step["order"] for step in steps}
    steps += [step for step in before if step["order"] not in known]
    steps += _commits(commits)
    steps.sort(key=lambda step: (step["at"], step["order"]))
    call.say(
        obj(
            run_id=found.run_id,
            task_id=subject.task_id,
            title=subject.title,
            request_id=request,
            steps=[{k: v for k, v in step.items() if k != "order"} for step in steps],
        )
    )


def _commits(found: "list[tuple[str, str, str, int]]") -> "list[dict[str, object]]":
    """Return the commits of each attempt that has a recorded head."""
    if not found:
        return []
    import time

    from orch.git import names as git_names
    from orch.git import refs, repository
    from schema.failures import Failure

    steps: list[dict[str, object]] = []
    for repo_path, base, head, number in found:
        repo = repository.find_repository(repo_path)
        if repo is None:
            continue
        try:
            commits = refs.list_commits(repo, base, head)
        except Failure:
            continue  # The commits are gone; what the store knows is shown all the same.
        for commit in commits:
            at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(commit.at))
            steps.append(
                {
                    "at": at,
                    "order": 0,
                    "what": f"commit of attempt {number}",
                    "detail": f"{commit.commit[:12]} {git_names.display(commit.subject)}",
                }
            )
    return steps
