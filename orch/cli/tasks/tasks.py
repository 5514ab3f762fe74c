"""task add, show, list, edit and dep add, rm, list: one transaction each."""

from inbox.model import PRIORITIES
from orch.cli import task_names
from orch.operations import dependencies, runs, tasks
from orch.store import dependencies as dependency_rows
from orch.store import tasks as store
from schema.failures import invalid_input
from schema.json_text import Json, array, loads, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Run

_LONGEST_ACCEPTED = 64


def _values(fields: dict[str, object]) -> dict[str, object]:
    """Return a task's columns from the flags of add and edit; None where nothing was given."""
    priority = fields["priority"]
    values: dict[str, object] = {
        name: fields[name]
        for name in ("title", "summary", "default_to", "acceptance", "check_profile", "metadata",
                     "max_attempts", "risk", "kind")
    }  # fmt: skip
    values["execution_mode"] = fields["mode"]
    values["priority"] = PRIORITIES.index(str(priority)) if priority is not None else None
    for name in ("required_checks", "allowed_paths", "blocked_paths"):
        given = fields[name]
        assert isinstance(given, tuple)
        values[name] = array(dict.fromkeys(given)) if given else None
    values |= {"spec_path": None, "spec_text": None, "spec_sha256": None, "rank": None}
    if fields["spec_file"] is not None:
        values |= _spec(str(fields["spec_file"]))
    return values


def _spec(path: str) -> dict[str, object]:
    """Return the columns that keep a spec file's content and hash as they are now."""
    import hashlib

    from inbox.cli import values

    text = values.require_text(values.read_text(path, "--spec-file"), "--spec-file")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"spec_path": path, "spec_text": text, "spec_sha256": digest}


def _profile_checks(call: "Call", run: "Run", profile: object, checks: object) -> object:
    """Return the required checks with those of the profile in front, where it is known."""
    if profile is None:
        return checks
    from orch import config_in_force

    known = config_in_force.at(call.db, run).profiles.get(str(profile))
    if not known:
        return checks
    from json import loads

    own = loads(str(checks)) if checks is not None else []
    return array(dict.fromkeys([*known, *own]))


def add(
    call: "Call",
    *,
    run: str,
    task: str,
    locks: tuple[str, ...],
    depends_on: tuple[tuple[str, ...], ...],
    key: str | None,
    **fields: object,
) -> None:
    """Add a task: ready, or planned while something it waits for is not done."""
    values = _values(fields)
    wanted = tuple(dict.fromkeys(name for group in depends_on for name in group))
    with call.db.read() as tx:
        opened = runs.require(tx, run)
    values["required_checks"] = _profile_checks(
        call, opened, values["check_profile"], values["required_checks"]
    )
    defaults: dict[str, object] = {
        "title": task, "summary": "", "priority": 1, "rank": 0, "required_checks": "[]",
        "allowed_paths": "[]", "blocked_paths": "[]", "metadata": "{}", "max_attempts": 3,
        "risk": "low",
    }  # fmt: skip
    values |= {name: value for name, value in defaults.items() if values.get(name) is None}
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            runs.refuse_closed(found)
            number, call.committed = tasks.add(tx, found, values | {"task_id": task}, locks, wanted)
            runs.record_run_end(tx, found)
            document = store.document(tx, number)
            return obj(task=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def edit(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    locks: tuple[str, ...],
    not_before: float | None,
    key: str | None,
    **fields: object,
) -> None:
    """Change a task that nobody works on; what is not given stays."""
    values = _values(fields)
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)

        def _change() -> Json:
            runs.refuse_closed(found)
            values["not_before_at"] = (
                tx.now.wall_ms + round(not_before * 1000) if not_before is not None else None
            )
            call.committed = tasks.edit(tx, subject, values, locks or None, found.leader)
            document = store.document(tx, subject.task_no)
            return obj(task=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def show(call: "Call", *, run: str | None, task: str | None, task_name: str | None) -> None:
    """Show all that is known of a task, brought up to date."""
    from orch import run_end
    from orch.cli import main
    from orch.cli.landing import standing
    from orch.reconcile import reconcile
    from orch.reports import task_story
    from orch.store import runs as run_rows

    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        task_names.require_task(tx, run_id, task_id, None)
    reconcile(call.db, run_id)
    with call.db.read() as tx:
        document = run_rows.budgeted(tx, run_id)
        call.facts["landing"] = standing.of_task(tx, run_id, task_id)
    call.facts["run"] = loads(run_end.told(call.db, run_id, document))
    story = task_story.gather(call.db, run_id, task_id)
    with call.db.read() as tx:
        found = main.reviews(tx, run_id).get(task_id, [])
    call.say(merge(story, reviews=found))


def list_tasks(call: "Call", *, run: str, status: tuple[str, ...] | None) -> None:
    """List the tasks of a run in the order they were added."""
    with call.db.read() as tx:
        runs.require(tx, run)
        found = store.list_documents(tx, run, array(status) if status else None)
        call.say(obj(run_id=run, tasks=array(found)))


def _others(groups: tuple[tuple[str, ...], ...]) -> list[str]:
    found = list(dict.fromkeys(name for group in groups for name in group))
    if not found:
        raise invalid_input("missing --depends-on: which task?", reason="flag")
    return found


def add_dependency(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    depends_on: tuple[tuple[str, ...], ...],
    key: str | None,
) -> None:
    """Let a task wait for others; all of them or none."""
    _change_dependencies(call, run, task, task_name, _others(depends_on), adding=True)


def remove_dependency(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    depends_on: tuple[tuple[str, ...], ...],
    key: str | None,
) -> None:
    """Let a task no longer wait for others; all of them or none."""
    _change_dependencies(call, run, task, task_name, _others(depends_on), adding=False)


def _change_dependencies(
    call: "Call",
    run: str | None,
    task: str | None,
    task_name: str | None,
    others: list[str],
    *,
    adding: bool,
) -> None:
    change = dependencies.add if adding else dependencies.remove
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)

        def _change() -> Json:
            runs.refuse_closed(found)
            for other in others:
                wanted = tasks.require(tx, found.run_id, other)
                current = store.by_no(tx, subject.task_no)
                call.committed = change(tx, current, wanted, found.leader) or call.committed
            runs.record_run_end(tx, found)
            document = store.document(tx, subject.task_no)
            return obj(task=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def list_dependencies(
    call: "Call", *, run: str | None, task: str | None, task_name: str | None
) -> None:
    """Show both directions."""
    with call.db.read() as tx:
        _, found = task_names.require_task(tx, run, task, task_name)
        waits_for = dependency_rows.prerequisites(tx, found.task_no)
        waited_by = dependency_rows.dependents(tx, found.task_no)
        call.say(
            obj(
                run_id=found.run_id,
                task_id=found.task_id,
                depends_on=[{"task_id": name, "status": status} for _, name, status in waits_for],
                dependents=[{"task_id": name, "status": status} for _, name, status in waited_by],
            )
        )
