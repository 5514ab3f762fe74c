"""Parser of plans: a document becomes tickets, every field checked, all problems at once."""

import hashlib
import json
from difflib import get_close_matches

from pydantic import ValidationError

from inbox.model import PRIORITIES
from orch.model import DEFAULT_MAX_ATTEMPTS
from orch.plans import graph
from orch.plans.diff import class_of
from orch.plans.document import Document
from orch.plans.model import TWINS, PlanTask
from schema import ids
from schema.failures import Failure
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.plans.document import Path, Problem

_NORMAL = 3
_IN_METADATA = ("tags", "estimate_min")
_LISTS = ("required_checks", "allowed_paths", "blocked_paths")
_WORDS_OF_TYPE = {
    "missing": "is missing",
    "string_type": "must be text; put it into quotes",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "too_short": "is empty",
}


class Ticket(Value):
    """One task as a plan says it. `columns` are the store's, lists still lists.

    `rank` in the columns is None where only a word was given for the priority: then the order
    among equals is nobody's concern. `set_spec()` gives it the text of its `spec_file`.
    """

    task_id: str
    path: "Path"
    columns: "dict[str, Any]" = own(factory=dict)
    depends_on: list[str] = own(factory=list)
    locks: list[str] = own(factory=list)
    spec_file: str | None = None
    spec_text: str | None = None
    spec_sha256: str | None = None

    def set_spec(self, text: str) -> None:
        """Give it a specification's text."""
        self.spec_text = text
        self.spec_sha256 = hashlib.sha256(text.encode()).hexdigest()


class PlanReading:
    """What a plan holds: its sound tickets, and its problems.

    `waits` and `places` also know the tasks that have problems, so that one mistake hides no
    other; `requests` are those that it names, with where.
    """

    __slots__ = ("document", "places", "problems", "requests", "text", "tickets", "waits")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.requests: dict[str, Path] = {}
        self.text = document.text
        self.tickets: dict[str, Ticket] = {}
        self.waits: dict[str, list[str]] = {}
        self.places: dict[str, Path] = {}
        self.problems: list[Problem] = document.problems

    def sort(self) -> None:
        """Put the problems into the order of the text."""
        self.problems.sort(key=lambda problem: problem.line)

    def refuse(self, path: "Path", message: str, task_id: str | None = None) -> None:
        """Note a problem at a place of the plan."""
        self.problems.append(self.document.problem(path, message, task_id))

    def dependencies_of(self, task_id: str) -> "Path":
        """Return the place where a task says what it waits for."""
        place = self.places[task_id]
        named = [(*place, name) for name in ("dependencies", "depends_on")]
        return next((path for path in named if path in self.document.lines), place)

    def refuse_cycle(self, cycle: "list[str]") -> None:
        """Note that a chain of dependencies comes back to where it began."""
        task_id = next(name for name in cycle if name in self.places)
        at = cycle.index(task_id)
        names = " -> ".join([*cycle[at:], *cycle[:at], task_id])
        place = self.dependencies_of(task_id)
        self.refuse(place, f"these would wait for each other forever: {names}", task_id)


def raw_tasks(document: Document) -> "list[dict[str, Any]]":
    """Return the tasks of a sound document as they were written."""
    found = _items(PlanReading(document))
    return [item for _, item in found if isinstance(item, dict)]


def read(document: Document) -> PlanReading:
    """Return the tickets of a document; what cannot be one is a problem, and the rest goes on."""
    reading = PlanReading(document)
    if not document.is_refused(()):
        for path, item in _items(reading):
            _ticket(reading, path, item)
        for cycle in graph.cycles(reading.waits):
            reading.refuse_cycle(cycle)
    reading.sort()
    return reading


def _items(reading: PlanReading) -> "list[tuple[Path, object]]":
    """Return the tasks of the document with their places; of several, those of each."""
    document = reading.document
    parts = [((), document.value), *document.more]
    told = [part for part in parts if part[1] is not None] if document.more else parts
    return [item for path, value in told or parts[:1] for item in _of_part(reading, path, value)]


def _of_part(reading: PlanReading, at: "Path", value: object) -> "list[tuple[Path, object]]":
    """Return the tasks of one document with their places."""
    document = reading.document
    path = at
    if isinstance(value, dict) and "tasks" in value:
        for key in value:
            if key not in ("tasks", "request"):
                reading.refuse((*at, key), "unknown field beside tasks")
        path, value = (*at, "tasks"), _with_request(reading, value, at)
        if not isinstance(value, list) and not document.is_refused(path):
            reading.refuse(path, "must be a list of tasks")
            return []
    elif isinstance(value, dict) and value:
        return [(at, value)]
    if isinstance(value, list) and value:
        return [((*path, i), item) for i, item in enumerate(value)]
    if not document.is_refused(path):
        reading.refuse(path, "holds no task: an object with tasks, a list of tasks, or one task")
    return []


def _with_request(reading: PlanReading, whole: "dict[str, Any]", at: "Path") -> object:
    """Return the tasks of a document; the request beside them is that of each without one."""
    request, tasks = whole.get("request"), whole["tasks"]
    if "request" not in whole or not isinstance(tasks, list):
        return tasks
    try:
        ids.require_name(request if isinstance(request, str) else "", "request")
    except Failure:
        if not reading.document.is_refused((*at, "request")):
            reading.refuse((*at, "request"), "is not the id of a request")
        return tasks
    reading.requests[str(request)] = (*at, "request")
    return [{"request": request, **task} if isinstance(task, dict) else task for task in tasks]


def _ticket(reading: PlanReading, path: "Path", item: object) -> None:
    """Add one task, or what is wrong with it."""
    if not isinstance(item, dict):
        if not reading.document.is_refused(path):
            reading.refuse(path, "must be a task: an object with id, title …")
        return
    before = len(reading.problems)
    task_id = item.get("id") if isinstance(item.get("id"), str) else None
    try:
        model = PlanTask.model_validate(item)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            _explain(reading, path, task_id, found)
    for one, other in TWINS:
        if one in item and other in item:
            reading.refuse((*path, other), f"{one} and {other} cannot be combined", task_id)
    metadata = item.get("metadata")
    for name in _IN_METADATA:
        if name in item and isinstance(metadata, dict) and name in metadata:
            place = (*path, "metadata", name)
            reading.refuse(place, f"is there as a field too; {name} is kept here", task_id)
    if task_id is None:
        return
    if task_id in reading.places:
        reading.refuse((*path, "id"), f"the id {task_id} is there twice", task_id)
    reading.places.setdefault(task_id, path)
    waits = item.get("dependencies", item.get("depends_on"))
    others = waits if isinstance(waits, list) else []
    named = [other if isinstance(other, str) else "" for other in others]
    reading.waits.setdefault(task_id, []).extend(named)
    if len(reading.problems) == before and not reading.document.has_refused_in(path):
        reading.tickets[task_id] = _filled(Ticket(task_id, path), model)
        if "request" in model.model_fields_set:
            reading.requests.setdefault(model.request, (*path, "request"))


def _explain(reading: PlanReading, path: "Path", task_id: str | None, found: "Any") -> None:
    """Note one of pydantic's errors in our words, unless its place was told already."""
    place = (*path, *found["loc"])
    if reading.document.is_refused(place):
        return
    kind = found["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(str(found["loc"][-1]), PlanTask.model_fields, 1)
        message = "unknown field" + (f"; did you mean {near[0]}?" if near else "")
    elif found["input"] is None and kind != "missing":
        message = "is empty; leave the field out"
    else:
        message = _WORDS_OF_TYPE.get(kind) or found["msg"].replace("Input should be", "must be")
    reading.refuse(place, message, task_id)


def _filled(ticket: Ticket, model: PlanTask) -> Ticket:
    """Return the ticket with what the model says, and the defaults of `task add` elsewhere."""
    given = model.model_dump(exclude_unset=True)
    ticket.depends_on = _once(given.get("dependencies", given.get("depends_on", [])))
    ticket.locks = sorted(_once(given.get("locks", [])))
    ticket.spec_file = given.get("spec_file")
    if "spec" in given:
        ticket.set_spec(given["spec"])
    priority, rank = _priority(given.get("priority", _NORMAL))
    acceptance = given.get("acceptance")
    metadata = given.get("metadata", {}) | {k: given[k] for k in _IN_METADATA if k in given}
    ticket.columns = {
        "title": given.get("title", ticket.task_id),
        "summary": given.get("description", given.get("summary", "")),
        "default_to": given.get("default_to"),
        "priority": priority,
        "rank": rank,
        "acceptance": None if acceptance is None else compact(acceptance),
        "check_profile": given.get("check_profile"),
        **{name: _once(given.get(name, [])) for name in _LISTS},
        "metadata": compact(metadata),
        "max_attempts": given.get("max_attempts", DEFAULT_MAX_ATTEMPTS),
        "risk": given.get("risk", "low"),
        "execution_mode": given.get("execution_mode"),
        "kind": given.get("kind"),
        "request_id": given.get("request"),
    }
    return ticket


def _priority(given: "int | str") -> tuple[int, int | None]:
    """Return (priority's number in the store, rank): 1-2 high, 3 normal, 4-5 low."""
    if isinstance(given, str):
        return PRIORITIES.index(given), None
    return class_of(given), given


def compact(value: object) -> str:
    """Return JSON text with members in the order they have."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _once(items: "list[str]") -> list[str]:
    return list(dict.fromkeys(items))
