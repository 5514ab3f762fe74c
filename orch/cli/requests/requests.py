"""request new, list, show, plan: from what a person wants to a plan that a person applies."""

import os

from inbox.store import messages, threads
from orch import reads
from orch.cli.plans.plans import require_reason
from orch.machines import REQUEST
from orch.operations import attempts, plans, runs
from orch.operations import requests as operations
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.store import requests as store
from orch.store import tasks as task_rows
from orch.store import turns
from schema import ids
from schema.failures import Failure, invalid_input
from schema.json_text import NULL, Json, array, loads, merge, obj
from schema.steps import command
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Task
    from orch.store.requests import Request
    from schema.transaction import ReadTx


def new(
    call: "Call",
    *,
    title: str,
    body: str | None,
    request: str | None,
    run: str | None,
    priority: str,
    requester: str | None,
    key: str | None,
) -> None:
    """Store a request of a person."""
    if not title.strip() or "\n" in title:
        raise invalid_input("--title wants one line: what is the request about?")
    if body is None or not body.strip():
        raise invalid_input(
            "the request is empty: say what is wanted", reason="flag",
            hint="--body TEXT, --body-file FILE, or --body-file - for standard input",
        )  # fmt: skip
    values: dict[str, object] = {
        "request_id": operations.require_id(request) if request is not None else None,
        "title": title.strip(),
        "body": body,
        "requester": requester,
        "priority": operations.priority_of(priority),
        "run_id": run,
    }
    with call.db.write() as tx:

        def _change() -> Json:
            call.committed = operations.new(tx, values)
            return answer_of(tx, operations.require(tx, str(values["request_id"])), call.committed)

        answer = call.once(tx, requester or "leader", _change)
    call.say(answer, call.committed)


def answer_of(tx: "ReadTx", found: "Request", event_id: int) -> Json:
    """Return what is said of a request that was stored."""
    return obj(
        request=store.document(tx, found.request_id), next=_next(found, None), event_id=event_id
    )


def list_requests(
    call: "Call", *, run: str | None, status: tuple[str, ...] | None, limit: int
) -> None:
    """List requests, the newest first."""
    with call.db.read() as tx:
        busy = store.planning_runs(tx)
    for run_id in busy:
        _follow(call, run_id)
    with call.db.read() as tx:
        found = operations.documents(tx, run, array(status) if status else None, limit)
        call.say(obj(requests=array(found)))


def show(call: "Call", *, request: str) -> None:
    """Show a request, what came of it, and what is next."""
    with call.db.read() as tx:
        run_id = operations.require(tx, request).run_id
    _follow(call, run_id)
    with call.db.read() as tx:
        call.say(_shown(tx, operations.require(tx, request)))


def plan(
    call: "Call",
    *,
    request: str,
    agent: str | None,
    harness: str | None,
    program: tuple[str, ...],
    run: str | None,
    repo_path: str | None,
    body: str | None,
    allow: tuple[str, ...],
    reason: str | None,
    key: str | None,
) -> None:
    """Ask an engineer for a plan; with a harness, be with it until it has reported."""
    require_reason(allow, reason)
    if agent is None and harness is None:
        raise invalid_input(
            "who is to plan it? --agent NAME, or --harness to start a client here", reason="flag"
        )
    if program and harness is None:
        raise invalid_input("PROGRAM goes with --harness command", reason="flag")
    chosen = None
    if harness is not None:
        from orch.cli.agents import work

        chosen, _ = work.chosen(call, harness, program)
    with call.db.read() as tx:
        found = operations.require(tx, request)
    _follow(call, found.run_id)
    answer = _ask(
        call, request, agent, run, repo_path, body, is_run_here=chosen is not None,
        allowing=(allow, reason or ""),
    )  # fmt: skip
    if chosen is not None:
        from orch.cli.requests import engineer as engineers

        with call.db.read() as tx:
            who = operations.engineer(tx, operations.require(tx, request))
        turns, problems = engineers.work(call, chosen, who, request)
        with call.db.read() as tx:
            shown = _shown(tx, operations.require(tx, request))
            sent = threads.document(tx, _thread(tx, request))
        answer = merge(shown, thread=sent, event_id=call.committed, turns=turns, problems=problems)
        _refuse_broken(answer, request)
    call.say(answer, call.committed)


def _refuse_broken(answer: Json, request: str) -> None:
    """Raise invalid_input/lint where the engineer's last plan broke rules to the end."""
    known = loads(answer)
    found = (known.get("plan") or {}).get("problems") or []
    broken = sorted({one["rule"] for one in found if one.get("rule")})
    if known["request"]["status"] not in ("refused", "failed") or not broken:
        return
    lines = [operations.problem_line(one) for one in found[:10]]
    step = say("request plan", request, allow=broken, reason="TEXT", harness="H")
    raise Failure(
        "invalid_input",
        "lint",
        "\n".join([f"the plan of {request} is refused, {many(len(found), 'problem')}:", *lines]),
        hint="have it planned anew with other words; or take it as it is, for a reason",
        next=[step.because("the reason is recorded")],
        details={"problems": found, "count": len(found)},
        data=answer,
    )


def _ask(
    call: "Call", request_id: str, agent: str | None, run: str | None, repo_path: str | None,
    body: str | None, *, is_run_here: bool, allowing: tuple[tuple[str, ...], str],
) -> Json:  # fmt: skip
    """Open the planning task, unless a harness is only to go on with one that is open."""
    from orch import config_in_force
    from orch.requests import planning
    from orch.worktrees import places

    with call.db.read() as tx:
        known = run or operations.require(tx, request_id).run_id
        opened = runs.require(tx, known) if known is not None else None
        where = opened.repo_path if opened is not None else ""
    if known is None:
        where = _repository(repo_path)
    elif repo_path is not None:
        raise invalid_input(
            f"--repo-path is for a run that is opened, and run {known} is there", reason="flag"
        )
    settings = (
        config_in_force.at(call.db, opened) if opened else config_in_force.here(call.db, where)
    )
    rules = planning.Rules(settings, call.db)
    with call.db.write() as tx:
        found = operations.require(tx, request_id)
        answer = call.kept(tx, found.requester)
        if answer is not None:
            return answer
        who = operations.engineer(tx, found)
        is_open = found.status in REQUEST.moving
        if not (is_run_here and is_open and agent in (None, who) and body is None):
            operations.require_plannable(tx, found)
            in_run = planning.require_run(tx, found, run, where)
            engineer = agent or f"engineer-{request_id}"
            ids.require_name(engineer, "--agent")
            words = (f"{in_run.leader} says:\n{body}",) if body else ()
            call.committed = planning.begin(tx, found, in_run, engineer, rules, words)
            if allowing[0]:
                plans.record_allowed(tx, in_run, *allowing, request_id)
        shown = _shown(tx, operations.require(tx, request_id))
        sent = threads.document(tx, _thread(tx, request_id))
        said = merge(shown, thread=sent, event_id=call.committed)
        kept = call.once(tx, found.requester, lambda: said)
        run_id = operations.require(tx, request_id).run_id
    places.make_due(call.db, str(run_id))
    return kept


def _thread(tx: "ReadTx", request_id: str) -> int:
    """Return the number of the thread in which a request is planned."""
    task = task_rows.by_no(tx, operations.require(tx, request_id).task_number)
    attempt = attempts.latest(tx, task)
    assert attempt is not None
    return int(attempt.thread_no)


def _repository(given: str | None) -> str:
    """Return the repository for a run that is opened: the flag's, or the one here, or none."""
    if given is not None and not os.path.isdir(given):
        raise invalid_input(f"--repo-path {given} is not a directory", reason="file")
    from orch.git import repository

    repo = repository.find_repository(os.path.realpath(given or os.getcwd()))
    if repo is None and given is not None:
        raise invalid_input(f"--repo-path {given} is not a git repository", reason="file")
    return repo.top or repo.common_dir if repo is not None else ""


def _follow(call: "Call", run_id: str | None) -> None:
    """Bring the run of a request up to date, if there is one."""
    if run_id is not None:
        from orch.requests import planning

        reconcile(call.db, run_id, call.note)
        planning.give_up_closed(call.db, run_id)


def _shown(tx: "ReadTx", request: "Request") -> Json:
    """Return a request with its planning, its newest answer, its tasks, and the next command."""
    task, attempt, question, is_answered, name = NULL, NULL, NULL, False, None
    if request.task_no is not None:
        task, attempt = reads.with_attempt(tx, request.task_no)
        subject = task_rows.by_no(tx, request.task_no)
        name = subject.task_id
        question, is_answered = _question(tx, request, subject)
    found = store.newest_plan(tx, request)
    answer = NULL
    if found is not None:
        answer = obj(
            task_id=found.task_id,
            attempt_no=found.attempt_no,
            agent=found.agent,
            format=found.format,
            sha256=found.sha256,
            problems=Json(found.problems),
            text=found.text,
            created_at=found.at,
        )
    return obj(
        request=store.document(tx, request.request_id),
        task=task,
        attempt=attempt,
        question=question,
        plan=answer,
        tasks=array(store.tasks(tx, request.request_id)),
        next=_next(request, None if is_answered else name),
    )


def _question(tx: "ReadTx", request: "Request", task: "Task") -> tuple[Json, bool]:
    """Return (the engineer's question or null, whether it is answered)."""
    attempt = attempts.latest(tx, task)
    if request.status != "asked" or attempt is None:
        return NULL, False
    asked, answered = turns.question(tx, attempt.thread_no, attempt.assigned_to)
    return (messages.document(tx, asked) if asked else NULL), bool(answered)


def _next(request: "Request", task: str | None) -> str:
    """Return the exact command that is next."""
    name, run = request.request_id, request.run_id
    wait = say("wait", run=run)
    again = say("request plan", name, agent="NAME", body="TEXT")
    return command(
        {
            "new": say("request plan", name, harness="claude"),
            "planning": wait,
            "asked": say("answer", f"{run}/{task}", body="TEXT") if task is not None else wait,
            "planned": say("plan apply", request=name, dry_run=True),
            "refused": again,
            "failed": again,
            "applied": say("ready", run=run),
        }[request.status]
    )
