"""plan check, apply, lint, export, schema: tasks by the file instead of by the flag.

A plan comes from outside: everything that is wrong with it is told at once, with lines, before
anything is written. Only these commands load pydantic and PyYAML for it.
"""

import os

from inbox.cli import values
from orch import config_in_force
from orch.operations import plans, requests, runs
from orch.plans import document, files, graph, parse
from orch.plans.diff import TaskChange, picture
from orch.plans.read import read_document
from orch.steps.model import say
from orch.store import plans as store
from schema import ids
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, loads, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from inbox.cli.call import Call
    from orch.config.model import Config, PlanPolicy
    from orch.plans.document import Problem
    from orch.plans.lint import PlannedTask
    from orch.plans.parse import PlanReading
    from orch.store.requests import Request
    from schema.steps import Step
    from schema.transaction import ReadTx

_SHOWN = 40  # Problems in the message of a failure; its details hold more.


def check(
    call: "Call", *, path: str | None, request: str | None, kind: str | None, run: str | None
) -> None:
    """Say everything that is wrong with a plan; in a run, also what it would change."""
    path, reading, run = _source(call, path, request, kind, run)
    changes, work, policy = _look(call, reading, run)
    require_sound(path, reading.problems)
    call.say(_answer(path, reading, run, changes, work, policy))


def apply(
    call: "Call", *, path: str | None, request: str | None, kind: str | None, run: str | None,
    dry_run: bool, allow: tuple[str, ...], reason: str | None, key: str | None,
) -> None:  # fmt: skip
    """Make the run's tasks what the plan says, in one transaction; again, it changes nothing."""
    require_reason(allow, reason)
    if run is None and request is None:
        raise invalid_input("missing --run: which run are the tasks for?", reason="flag")
    path, reading, run = _source(call, path, request, kind, run)
    assert run is not None  # A request that has a plan was planned in a run.
    if dry_run:
        changes, work, policy = _look(call, reading, run)
        require_sound(path, reading.problems)
        known = _files(call, run) if "budget" in policy.binding else None
        with call.db.read() as tx:
            _refuse_broken(tx, path, reading, run, work, policy, known, allow)
        call.say(_answer(path, reading, run, changes, work, policy, dry_run=True, event_id=0))
        return
    # The plan is what it says, not the name of its file: a key stands for its content.
    call.bound["path"] = [ids.digest(reading.text), *_specs(reading)]
    with call.db.read() as tx:
        found = runs.require(tx, run)
    settings = config_in_force.at(call.db, found)
    known = _files(call, run) if "budget" in settings.plan.binding else None
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            runs.refuse_closed(found)
            changes, standing = plans.compare(tx, found, reading, settings.profiles)
            require_sound(path, reading.problems)
            work = picture(reading.tickets, standing)
            broken = _refuse_broken(tx, path, reading, run, work, settings.plan, known, allow)
            call.committed = plans.apply(tx, found, changes)
            if call.committed and broken and allow:
                call.committed = plans.record_allowed(tx, found, allow, reason or "", "")
            applied = [requests.applied(tx, one, found) for one in _requests(tx, reading)]
            call.committed = max(call.committed, *applied, 0)
            runs.record_run_end(tx, found)
            return _answer(
                path, reading, run, changes, work, settings.plan,
                dry_run=False, event_id=call.committed,
            )  # fmt: skip

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def require_reason(allow: tuple[str, ...], reason: str | None) -> None:
    """Raise invalid_input unless both of --allow and --reason are given, or none."""
    if bool(allow) != bool((reason or "").strip()):
        raise invalid_input("--allow RULE and --reason TEXT go together", reason="flag")


def _refuse_broken(
    tx: "ReadTx", path: str, reading: "PlanReading", run: str, work: "dict[str, PlannedTask]",
    policy: "PlanPolicy", known: "Sequence[tuple[str, int]] | None", allow: tuple[str, ...],
) -> int:  # fmt: skip
    """Raise invalid_input/lint for rules that orch.toml sets to refuse; return what is allowed.

    Allowed are those that are named now, or were when the plan was asked for.
    """
    from orch.plans import lint as rules

    allowed = {*allow, *(r for name in reading.requests for r in plans.allowed(tx, run, name))}
    found = rules.binding(work, policy, known)
    wrong = [rules.problem(reading, one) for one in found if one.rule not in allowed]
    if wrong:
        broken = sorted({problem.rule for problem in wrong})
        allowing = say("plan apply", path, run=run, allow=broken, reason="TEXT")
        require_sound(path, wrong, reason="lint", next=[
            say("plan lint", path, run=run).because("all findings"),
            allowing.because("take it as it is; the reason is recorded"),
        ])  # fmt: skip
    return len(found)


def lint(
    call: "Call", *, path: str | None, request: str | None, kind: str | None, run: str | None
) -> None:
    """Say where a plan's tasks would meet, are too large, or cannot be judged."""
    from orch.plans import lint as rules

    path, reading, run = _source(call, path, request, kind, run)
    changes, work, policy = _look(call, reading, run)
    require_sound(path, reading.problems)
    found = rules.find(work, policy, _files(call, run))
    refused = [rules.problem(reading, one) for one in found if one.level == "refuse"]
    warned = [rules.problem(reading, one) for one in found if one.level == "warn"]
    findings = [problem.document() for problem in sorted(warned, key=lambda p: p.line)]
    require_sound(path, refused, figures=_figures(work, policy), warnings=findings)
    call.say(_answer(path, reading, run, changes, work, policy, findings=findings))


def export(
    call: "Call", *, path: str | None, request: str | None, kind: str | None, run: str | None
) -> None:
    """Write the run's tasks, or the plan of a request, as a plan."""
    from orch.plans import export as writer

    kind = kind or (document.format_of(path) if path else "yaml")
    if kind is None:
        raise _unknown_format(path or "")
    if (request is None) == (run is None):
        raise invalid_input("give exactly one of --run / --request", reason="flag")
    if request is not None:
        found = _tasks_of(call, request)
    else:
        with call.db.read() as tx:
            found_run = runs.require(tx, str(run)).run_id
            standing = store.standing(tx, found_run)
            found = writer.tasks(standing.values(), store.specs(tx, found_run))
    try:
        text = writer.text(found, kind)
    except writer.Unsayable as error:
        raise invalid_input(f"{error}: use --format yaml or json")
    if path is not None:
        _write(path, text)
    warnings = []
    if len(text.encode()) > document.MAX_BYTES:
        warnings.append(f"more than {document.MAX_BYTES // 1024} KiB: too large to be read again")
    call.say(
        obj(
            run_id=run,
            path=path,
            format=kind,
            tasks=len(found),
            text=text,
            warnings=warnings,
            request_id=request,
        )
    )


def schema(call: "Call") -> None:
    """Print the JSON Schema of a plan."""
    import json

    from orch.plans import model

    found = model.schema()
    compact = Json(json.dumps(found, ensure_ascii=False))
    call.say(obj(schema=compact, text=json.dumps(found, indent=2, ensure_ascii=False)))


def _unknown_format(path: str) -> Failure:
    return invalid_input(
        f"{path}: which format is it?", reason="flag", hint="say --format yaml, toml or json"
    )


def _write(path: str, text: str) -> None:
    """Write a new file; one that exists is never replaced."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise invalid_input(f"cannot write {path}: {error.strerror}", reason="file")


def _source(
    call: "Call", path: str | None, request: str | None, kind: str | None, run: str | None
) -> "tuple[str, PlanReading, str | None]":
    """Return (what the plan is called, what it holds, its run): a file's, or a request's.

    Raises: invalid_input unless exactly one is named; what require_plan does.
    """
    if (path is None) == (request is None):
        raise invalid_input("give exactly one of FILE / --request", reason="flag")
    if request is None:
        assert path is not None
        return path, _read(path, kind), run
    with call.db.read() as tx:
        found, plan = requests.require_plan(tx, request)
    reading = parse.read(read_document(plan.text, plan.format))
    for ticket in reading.tickets.values():
        ticket.columns["request_id"] = ticket.columns["request_id"] or request
    reading.requests.setdefault(request, ())
    return f"--request {request}", reading, run or found.run_id


def _requests(tx: "ReadTx", reading: "PlanReading") -> "list[Request]":
    """Return the requests that a plan answers."""
    return [requests.require(tx, name) for name in reading.requests]


def _tasks_of(call: "Call", request: str) -> "list[dict[str, object]]":
    """Return the tasks of a request's plan as its engineer wrote them."""
    with call.db.read() as tx:
        _, plan = requests.require_plan(tx, request)
    tasks = parse.raw_tasks(read_document(plan.text, plan.format))  # It was found sound.
    return [{"request": request, **task} for task in tasks]


def _read(path: str, kind: str | None) -> "PlanReading":
    """Return what a plan's file holds, the specifications that it names read too."""
    kind = kind or document.format_of(path)
    if kind is None:
        raise _unknown_format(path)
    text = values.read_text(path, "FILE")
    reading = parse.read(read_document(text, kind))
    base = os.path.realpath(os.getcwd() if path == "-" else os.path.dirname(path) or ".")
    files.add_specs(reading, base)
    return reading


def _specs(reading: "PlanReading") -> list[str]:
    return [ticket.spec_sha256 or "" for ticket in reading.tickets.values()]


def _look(
    call: "Call", reading: "PlanReading", run: str | None
) -> "tuple[list[TaskChange] | None, dict[str, PlannedTask], PlanPolicy]":
    """Return (what the plan would change in the run, all work as it would be, the policy)."""
    if run is None:
        settings = _settings_here(call)
        plans.refuse_unknown(reading, {}, "in this plan (--run R adds those of a run)")
        reading.sort()
        return None, picture(reading.tickets, {}), settings.plan
    with call.db.read() as tx:
        found = runs.require(tx, run)
    settings = config_in_force.at(call.db, found)
    with call.db.read() as tx:
        changes, standing = plans.compare(tx, found, reading, settings.profiles)
    return changes, picture(reading.tickets, standing), settings.plan


def _settings_here(call: "Call") -> "Config":
    """Return what orch.toml says in this directory, where there may be no store yet."""
    from orch.config import load

    try:
        db = call.db
    except Failure as failure:
        if failure.reason != "store":
            raise
        return load.load(None)
    return config_in_force.here(db)


def _files(call: "Call", run: str | None) -> "Sequence[tuple[str, int]] | None":
    """Return the files of the run's repository at its base, None where there is none."""
    if run is None:
        return files.of_repository("", "")
    with call.db.read() as tx:
        found = runs.require(tx, run)
    return files.of_repository(found.repo_path, found.base_ref)


def require_sound(
    path: str, problems: "list[Problem]", *, reason: str = "schema",
    next: "Sequence[Step]" = (), **more: object,
) -> None:  # fmt: skip
    """Raise invalid_input with every problem, in the order of the text.

    `more` are details beside them; `figures` are shown in words, too.
    """
    if not problems:
        return
    problems = sorted(problems, key=lambda problem: problem.line)
    count = many(len(problems), "problem")
    lines = [f"{path} is refused, {count}:", *map(_line, problems[:_SHOWN])]
    if len(problems) > _SHOWN:
        lines.append(f"{len(problems) - _SHOWN} more: see them with --json")
    if "figures" in more:
        from orch.cli.plans import views

        lines += views.figures(loads(obj(**more)))
    kept = [problem.document() for problem in problems[: document.MAX_PROBLEMS]]
    raise Failure(
        "invalid_input",
        reason,
        "\n".join(lines),
        hint="fix it and run the same again" + ("" if next else "; the fields"),
        next=next or [say("plan schema")],
        details={"problems": kept, "count": len(problems), **more},
    )


def _line(problem: "Problem") -> str:
    who = f" ({problem.task_id})" if problem.task_id else ""
    place = f"{problem.path}{who}: " if problem.path or who else ""
    rule = f"{problem.rule}: " if problem.rule else ""
    file = f"{problem.file} " if problem.file else ""
    return f"{file}line {problem.line}: {place}{rule}{problem.message}"


def _figures(work: "dict[str, PlannedTask]", policy: "PlanPolicy") -> Json:
    """Return what follows from the order of the work that is left."""
    left = {name: one for name, one in work.items() if not one.over}
    waits = {name: one.waits_for for name, one in left.items()}
    minutes = {name: one.minutes or policy.default_minutes for name, one in left.items()}
    path, longest = graph.critical_path(waits, minutes)
    at_once, ends = graph.schedule(waits, minutes, {name: one.locks for name, one in left.items()})
    return obj(
        tasks=len(left),
        minutes=sum(minutes.values()),
        critical_path=path,
        critical_minutes=longest,
        at_once=at_once,
        share=round(at_once / len(left), 3) if left else 0,
        least_minutes=ends,
    )


def _answer(
    path: str,
    reading: "PlanReading",
    run: str | None,
    changes: list[TaskChange] | None,
    work: "dict[str, PlannedTask]",
    policy: "PlanPolicy",
    **more: object,
) -> Json:
    if changes is not None:
        more = {"changes": array(change.document() for change in changes), **more}
    return obj(
        path=path,
        run_id=run,
        tasks=len(reading.tickets),
        figures=_figures(work, policy),
        **more,
    )
