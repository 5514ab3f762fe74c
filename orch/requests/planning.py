"""The planning of requests: an engineer is briefed, its answer judged, a bad one sent back.

Follows the planning task (reconcile), so it is the same whether the engineer is a person, an
agent with an inbox, or a program of `orch work`. Killed anywhere, the next reconcile goes on.
"""

import json

from orch import config_in_force
from orch.config.model import Config
from orch.machines import REQUEST
from orch.model import Attempt, Run, Task
from orch.operations import attempts, plans, requests, runs
from orch.plans import files, lint, parse
from orch.plans.diff import picture
from orch.plans.read import read_document
from orch.requests import brief
from orch.store import attempts as attempt_rows
from orch.store import requests as store
from orch.store import tasks as task_rows
from orch.store.requests import Request
from orch.worktrees import places
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.plans.parse import PlanReading
    from schema.transaction import Database, ReadTx, Tx

_MOST_PROBLEMS = 50  # In what an engineer is told, and in what is kept.


class Rules:
    """What a plan has to satisfy: its JSON Schema, and the names of the checks that there are.

    `folder` is the store's, beside which an engineer works.
    """

    __slots__ = ("checks", "folder", "schema")

    def __init__(self, settings: Config, db: "Database") -> None:
        from orch.plans import model

        self.schema = json.dumps(model.schema(), ensure_ascii=False, separators=(",", ":"))
        self.folder = db.folder.path
        self.checks = list(settings.checks)


def begin(
    tx: "Tx", request: Request, run: Run, agent: str, rules: Rules, words: tuple[str, ...] = ()
) -> int:
    """Ask `agent` for a plan; `words` is what else it is told. Raises: what requests.begin does."""
    earlier = [*_earlier(tx, request), *words]
    body = brief.text(request, run, rules.schema, rules.checks, earlier)
    summary = brief.summary(request, run)
    return requests.begin(tx, request, run, agent, body, summary, rules.schema, rules.folder)


def _earlier(tx: "ReadTx", request: Request) -> list[str]:
    """Return what is told about the answer before: all that was wrong with it, or what it was."""
    before = store.newest_plan(tx, request)
    if before is None:
        return []
    if before.problems == "[]":
        return ["There was a sound plan before; it is to be another one now:\n" + before.text]
    lines = [requests.problem_line(problem) for problem in json.loads(before.problems)]
    return ["The plan before was refused. What is wrong with it:\n" + "\n".join(lines),
            "It was:\n" + before.text]  # fmt: skip


def follow(db: "Database", run_id: str) -> tuple[list[int], list[Failure]]:
    """Bring the run's requests up to date with their planning.

    Returns (the tasks that changed, what kept a request from going on: a broken orch.toml, a
    spent budget); the next call tries again.
    """
    changed: list[int] = []
    failures = []
    with db.read() as tx:
        due = store.due(tx, run_id)
    for request in due:
        try:
            _follow_one(db, request)
        except Failure as failure:
            if failure.code not in ("invalid_input", "invalid_state", "refused"):
                raise
            failures.append(failure)
        else:
            changed.append(request.task_number)
    return changed, failures


def _follow_one(db: "Database", request: Request) -> None:
    """Move a request as its planning has moved, judge what came of it, send a bad plan back."""
    with db.write() as tx:
        task = task_rows.by_no(tx, request.task_number)
        requests.follow(tx, requests.require(tx, request.request_id), task)
    if task.status in ("verifying", "done"):
        _judge(db, request)
        crash_points.reach("planning.judged")
    _send_back(db, request.request_id)


def give_up_closed(db: "Database", run_id: str) -> None:
    """Let nobody wait for a plan of a run that was closed: such requests fail."""
    with db.read() as tx:
        if runs.require(tx, run_id).closed_at is None or not store.in_planning(tx, run_id):
            return
    with db.write() as tx:
        for request in store.in_planning(tx, run_id):
            requests.give_up(tx, request, f"run {run_id} was closed")


def _judge(db: "Database", request: Request) -> None:
    """Hold what the engineer delivered against the rules of plans, and keep it."""
    with db.read() as tx:
        run = runs.require(tx, str(request.run_id))
        task = task_rows.by_no(tx, request.task_number)
        attempt = attempts.latest(tx, task)
        assert attempt is not None
        kind, text = _delivered(*store.result(tx, attempt.thread_no)[1:])
    settings = config_in_force.at(db, run)
    reading = _read(text, kind, request, task)
    known = None
    if "budget" in settings.plan.binding:
        known = files.of_repository(run.repo_path, run.base_ref)
    with db.write() as tx:
        fresh = requests.require(tx, request.request_id)
        task = task_rows.by_no(tx, request.task_number)
        if not _is_judgeable(fresh, task, attempt):
            return  # Another reconcile was faster.
        _, standing = plans.compare(tx, run, reading, settings.profiles)
        problems = list(reading.problems)
        if not problems:
            allowed = plans.allowed(tx, run.run_id, request.request_id)
            broken = lint.binding(picture(reading.tickets, standing), settings.plan, known)
            problems = [lint.problem(reading, one) for one in broken if one.rule not in allowed]
        found = [problem.document() for problem in problems[:_MOST_PROBLEMS]]
        requests.judge(tx, fresh, run, task, attempt, (kind, text), found)


def _is_judgeable(request: Request, task: Task, attempt: Attempt) -> bool:
    same = task.latest_attempt_no == attempt.attempt_no
    return same and request.status in REQUEST.moving and task.status in ("verifying", "done")


def _delivered(body: str, payload: str) -> tuple[str, str]:
    """Return (format, text) of a result: its payload where that is the plan, else its body."""
    given = json.loads(payload)
    if "tasks" in given or "id" in given:
        return "json", payload
    text = body.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        text = text[text.index("\n") + 1 : -3].strip()  # Agents like to fence what they write.
    return ("json" if text[:1] in ("{", "[") else "yaml"), text


def _read(text: str, kind: str, request: Request, task: Task) -> "PlanReading":
    """Return what the answer says, with all that is wrong with it outside of any run."""
    reading = parse.read(read_document(text, kind))
    if not text:
        reading.problems.clear()
        reading.refuse((), "there is no plan in the result: give it with --body-file plan.json")
    for ticket in reading.tickets.values():
        if ticket.spec_file is not None:
            what = "a plan in a message has no folder: write the text into spec"
            reading.refuse((*ticket.path, "spec_file"), what, ticket.task_id)
        ticket.columns["request_id"] = ticket.columns["request_id"] or request.request_id
    if task.task_id in reading.places:
        place = (*reading.places[task.task_id], "id")
        reading.refuse(place, f"{task.task_id} is this task itself", task.task_id)
    return reading


def _send_back(db: "Database", request_id: str) -> None:
    """Give a refused plan back to its engineer, as often as its task may be tried by itself."""
    with db.read() as tx:
        if _to_send_back(tx, request_id) is None:
            return
        run = runs.require(tx, str(requests.require(tx, request_id).run_id))
    rules = Rules(config_in_force.at(db, run), db)
    with db.write() as tx:
        found = _to_send_back(tx, request_id)
        if found is not None:
            request, agent = found
            run = runs.require_open(tx, str(request.run_id))
            begin(tx, request, run, agent, rules)
    if found is not None:
        places.make_due(db, run.run_id)


def _to_send_back(tx: "ReadTx", request_id: str) -> tuple[Request, str] | None:
    """Return (request, its engineer) where a refused plan is to be mended without a person."""
    request = requests.require(tx, request_id)
    if request.status != "refused" or request.task_no is None:
        return None
    task = task_rows.by_no(tx, request.task_number)
    if task.status != "failed" or attempt_rows.worked(tx, task.task_no) >= task.max_attempts:
        return None
    return request, requests.engineer(tx, request)


def require_run(tx: "Tx", request: Request, run_id: str | None, repo_path: str) -> Run:
    """Return the run in which a request is planned; without one, open a run named like it.

    Raises: not_found/run, invalid_state (closed, duplicate).
    """
    wanted = run_id or request.run_id
    known = request.run_id if request.task_no is not None else None
    if wanted != known and known is not None and runs.require(tx, known).closed_at is None:
        raise Failure(
            "invalid_state",
            "transition",
            f"request {request.request_id} is planned in run {request.run_id}",
            hint=f"leave --run out, or say --run {request.run_id}",
        )
    if wanted is not None:
        return runs.require_open(tx, wanted)
    runs.init(
        tx,
        {
            "run_id": request.request_id,
            "goal": request.title,
            "summary": f"request {request.request_id}",
            "leader": "leader",
            "repo_path": repo_path,
            "base_ref": "",
            "target": "",
            "ownership": "warn",
        },
    )
    return runs.require_open(tx, request.request_id)


def is_over(db: "Database", request_id: str) -> bool:
    """Say whether nobody is planning a request any more."""
    with db.read() as tx:
        return requests.require(tx, request_id).status not in REQUEST.moving
