"""A request of a person: stored, planned by an engineer, refused or kept, applied.

Its planning is an analysis task of the run, gated by the check `plan`: questions, waits and
retries are those of any task. Each step moves request and task in one transaction.
"""

from inbox.model import PRIORITIES
from inbox.store import messages
from orch.machines import REQUEST
from orch.model import ACTIVE, Attempt, Run, Task, Workspace
from orch.operations import attempts, budgets, checks, places, runs, tasks
from orch.operations.attempts import Order
from orch.steps.model import say
from orch.store import checks as check_rows
from orch.store import requests as store
from orch.store import tasks as task_rows
from orch.store.requests import Request, RequestedPlan
from schema import events, ids
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json, array, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

CHECK = "plan"
LONGEST_ID = 52  # So that the names of its planning tasks and of its engineer are names, too.
_RULE_OF_TASK = {"dispatched": "resume", "running": "resume", "blocked": "ask", "failed": "fail",
                 "cancelled": "fail"}  # fmt: skip
_GOAL = {"resume": "planning", "ask": "asked", "fail": "failed"}


def require(tx: "ReadTx", request_id: str) -> Request:
    """Return the request. Raises: not_found/request with near ids."""
    request = store.find(tx, request_id)
    if request is None:
        near = store.near(tx, request_id)
        listed = say("request list").because("list them")
        raise not_found("request", request_id, near=near, next=[] if near else [listed])
    return request


def new(tx: "Tx", values: dict[str, object]) -> int:
    """Store a request and return the event's id; `request_id` None means a new one.

    Raises: invalid_state (duplicate, closed), not_found/run.
    """
    wanted, run_id = values["request_id"], values["run_id"]
    run = runs.require_open(tx, str(run_id)) if run_id is not None else None
    request_id = str(wanted or ids.mint("req"))
    while store.find(tx, request_id) is not None:
        if wanted:
            raise Failure(
                "invalid_state",
                "duplicate",
                f"request {request_id} already exists",
                hint="choose another id, or look at it",
                next=[say("request show", request_id)],
            )
        request_id = ids.mint("req")
    leader = run.leader if run is not None else "leader"
    whole = values | {"request_id": request_id, "requester": values["requester"] or leader}
    event_id = events.record(
        tx,
        "request_new",
        str(whole["requester"]),
        run_id=run.run_id if run is not None else None,
        summary=str(values["title"]),
        payload=obj(request_id=request_id),
    )
    store.insert(tx, whole, event_id)
    values["request_id"] = request_id
    return event_id


def engineer(tx: "ReadTx", request: Request) -> str:
    """Return who plans it now, or did last; "" when nobody was asked yet."""
    if request.task_no is None:
        return ""
    attempt = attempts.latest(tx, task_rows.by_no(tx, request.task_no))
    return str(attempt.assigned_to) if attempt is not None else ""


def require_plannable(tx: "ReadTx", request: Request) -> None:
    """Raise invalid_state unless an engineer may be asked for a plan now."""
    try:
        REQUEST.next(request.status, "plan")
    except Failure as failure:
        who = engineer(tx, request)
        words = {
            "planning": f"{who} is planning request {request.request_id}",
            "asked": f"{who} waits for an answer about request {request.request_id}",
        }
        failure.message = words.get(request.status, failure.message)
        failure.next = (say("request show", request.request_id),)
        raise


def begin(
    tx: "Tx", request: Request, run: Run, agent: str, body: str, summary: str, expects: str,
    folder: str,
) -> int:  # fmt: skip
    """Ask an engineer for a plan, as a task of the run; return the last event's id.

    A planning task that failed is retried; else there is a new one, which keeps `summary` so
    that a retry by hand is told it, too. `folder` is the store's: the engineer's place is there.
    Raises: invalid_state (transition, closed), refused/budget.
    """
    require_plannable(tx, request)
    runs.refuse_closed(run)
    budgets.refuse_attempt(tx, run)
    task = _failed_task(tx, request, run)
    event = "retry"
    if task is None:
        task, event = _add_task(tx, request, run, summary), "dispatch"
    number = task.next_attempt_no
    place = places.plan(folder, run.run_id, task.task_id, number, run.repo_path)
    order = Order(
        run.leader, agent, "analysis", task.title,
        f"{places.located(body, place)}\n\n{places.words(place)}",
        obj(request_id=request.request_id), expects,
    )  # fmt: skip
    attempts.open_one(tx, run, task, event, number, order, Workspace(place))
    store.set_task(tx, request, run.run_id, task.task_no)
    runs.record_run_end(tx, run)
    return _move(tx, request, "plan", run.leader, agent)


def _failed_task(tx: "ReadTx", request: Request, run: Run) -> Task | None:
    """Return the planning task if it can be tried again."""
    if request.task_no is None:
        return None
    task = task_rows.by_no(tx, request.task_no)
    return task if task.status == "failed" and task.run_id == run.run_id else None


def _add_task(tx: "Tx", request: Request, run: Run, summary: str) -> Task:
    """Add a task in which the request is planned; the names of earlier ones stay theirs."""
    name = first = f"plan-{request.request_id}"
    number = 1
    while task_rows.find(tx, run.run_id, name) is not None:
        number += 1
        name = f"{first}-{number}"
    values: dict[str, object] = dict.fromkeys(
        ("default_to", "acceptance", "spec_path", "spec_text", "spec_sha256", "check_profile")
    )
    values |= {
        "task_id": name,
        "title": f"Plan: {request.title}",
        "summary": summary,
        "priority": request.priority,
        "rank": 0,
        "required_checks": array([CHECK]),
        "allowed_paths": "[]",
        "blocked_paths": "[]",
        "metadata": obj(plans_request=request.request_id),
        "max_attempts": 3,
        "risk": "low",
        "execution_mode": "analysis",
    }
    task_no, _ = tasks.add(tx, run, values, (), ())
    store.link(tx, task_no, request.request_id)
    return task_rows.by_no(tx, task_no)


def follow(tx: "Tx", request: Request, task: Task) -> None:
    """Let a request follow its planning task, except for judging an answer.

    A leader may have retried the task of a request that was given up.
    """
    attempt = attempts.latest(tx, task)
    assert attempt is not None  # Its dispatch made it the request's.
    if request.status in ("refused", "failed") and task.status in ACTIVE:
        leader = runs.require(tx, task.run_id).leader
        _move(tx, request, "plan", leader, attempt.assigned_to)
    event = _RULE_OF_TASK.get(task.status)
    if event is None or request.status not in REQUEST.moving:
        return
    if request.status == _GOAL[event]:
        return
    words = ""
    if event == "fail":
        last = messages.last_words(tx, attempt.thread_no)
        words = f"{task.name} is {task.status}" + (f": {last[0]}" if last else "")
    _move(tx, request, event, attempt.assigned_to, words[:300])


def give_up(tx: "Tx", request: Request, why: str) -> None:
    """End a planning that nobody will bring to its end."""
    _move(tx, request, "fail", "orch", why)


def judge(
    tx: "Tx", request: Request, run: Run, task: Task, attempt: Attempt,
    answer: tuple[str, str], problems: list[dict[str, object]],
) -> None:  # fmt: skip
    """Keep an engineer's answer (format, text): without problems it is the request's plan.

    The check `plan` of its task passes or fails with it, so that a retry is told them all.
    """
    kind, text = answer
    told = array(problems)
    store.keep_plan(tx, request, attempt.attempt_key, kind, text, told)
    count = many(len(problems), "problem")
    passed = not problems
    result = check_rows.Result(
        CHECK,
        "passed" if passed else "failed",
        "run",
        "orch",
        summary="the plan is sound" if passed else count,
        tail="\n".join(map(problem_line, problems)),
    )
    if task.status == "verifying":
        checks.record(tx, run, task, attempt, result)
        runs.record_run_end(tx, run)
    words = "" if passed else f"{count}: {problem_line(problems[0])}"[:300]
    _move(tx, request, "accept" if passed else "refuse", attempt.assigned_to, words)


def problem_line(problem: dict[str, object]) -> str:
    """Return one problem of a plan as a line."""
    place = f"{problem['path']}: " if problem["path"] else ""
    return f"line {problem['line'] or 1}: {place}{problem['message']}"


def require_plan(tx: "ReadTx", request_id: str) -> tuple[Request, RequestedPlan]:
    """Return a request with the sound plan that a person may apply.

    Raises: not_found/request, invalid_state/not_ready while there is none.
    """
    request = require(tx, request_id)
    plan = store.newest_plan(tx, request)
    if request.status not in ("planned", "applied") or plan is None or plan.problems != "[]":
        raise Failure(
            "invalid_state",
            "not_ready",
            f"request {request_id} is {request.status}: it has no plan to use",
            hint="see what is next",
            next=[say("request show", request_id)],
        )
    return request, plan


def applied(tx: "Tx", request: Request, run: Run) -> int:
    """Note that a plan of a request was applied; return the event's id, 0 when it is not new."""
    if request.status not in REQUEST.before("apply"):
        return 0
    event_id = _move(tx, request, "apply", run.leader, f"in run {run.run_id}", run.run_id)
    store.set_applied(tx, request, run.run_id, event_id)
    return event_id


def _move(
    tx: "Tx", request: Request, event: str, actor: str, words: str, run_id: str | None = None
) -> int:
    """Move a request along its table and tell it; return the event's id."""
    target = REQUEST.next(request.status, event)
    task = task_rows.by_no(tx, request.task_no) if request.task_no is not None else None
    event_id = events.record(
        tx,
        f"request_{target}",
        actor,
        run_id=run_id or (task.run_id if task is not None else request.run_id),
        task_id=task.task_id if task is not None else None,
        summary=words or None,
        payload=obj(request_id=request.request_id, status=target),
    )
    reason = words if target in ("refused", "failed") else ""
    store.move(tx, request, target, reason)
    return event_id


def require_id(request_id: str) -> str:
    """Return a chosen id that leaves room for the names made of it. Raises: invalid_input."""
    if len(request_id) > LONGEST_ID:
        raise invalid_input(f"--request has {len(request_id)} characters; at most {LONGEST_ID}")
    return request_id


def priority_of(word: str) -> int:
    """Return the store's number of a priority."""
    return PRIORITIES.index(word)


def documents(tx: "ReadTx", run_id: str | None, statuses: Json | None, limit: int) -> list[Json]:
    """Return requests, the newest first. Raises: not_found/run."""
    if run_id is not None:
        runs.require(tx, run_id)
    return store.documents(tx, run_id, statuses, limit)
