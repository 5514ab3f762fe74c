"""Difference that a plan would make to a run: tickets against the tasks as they stand. Pure.

A plan says everything about its tasks: what a ticket leaves out goes back to its default.
Tasks that the plan does not name are nobody's concern here.
"""

import json

from inbox.model import PRIORITIES
from orch.model import ACTIVE
from orch.plans.lint import PlannedTask
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from orch.plans.parse import PlanReading, Ticket

_OVER = ("done", "cancelled")
# Plan field: the store's column, for what is compared as it is.
_PLAIN = {
    "title": "title",
    "description": "summary",
    "default_to": "default_to",
    "check_profile": "check_profile",
    "allowed_paths": "allowed_paths",
    "blocked_paths": "blocked_paths",
    "max_attempts": "max_attempts",
    "risk": "risk",
    "execution_mode": "execution_mode",
    "kind": "kind",
    "request": "request_id",
}


class Standing(Value):
    """A task of the run as it stands; `columns` as in a Ticket, `spec` the digest of its text."""

    task_no: int
    task_id: str
    status: str
    columns: "dict[str, Any]"
    locks: list[str] = own(factory=list)
    depends_on: list[str] = own(factory=list)
    spec: str | None = None
    dispatching: bool = False

    @property
    def untouchable(self) -> str:
        """Why a plan may not change it, "" when it may."""
        if self.status in ACTIVE:
            return f"it is {self.status}: its attempt was briefed with what it says now"
        if self.dispatching:
            return "somebody is dispatching it right now"
        return f"it is {self.status}" if self.status in _OVER else ""


class TaskChange(Value):
    """What happens to one task: added, updated, unchanged, or kept although the plan differs."""

    ticket: "Ticket"
    standing: Standing | None
    kind: str = "added"
    reason: str = ""
    fields: dict[str, tuple[object, object]] = own(factory=dict)  # Name: (old, new).

    def document(self) -> dict[str, object]:
        """Return the published fields."""
        return {
            "task_id": self.ticket.task_id,
            "change": self.kind,
            "status": self.standing.status if self.standing is not None else None,
            "reason": self.reason or None,
            "fields": [
                {"field": name, "old": old, "new": new} for name, (old, new) in self.fields.items()
            ],
        }


def compare(
    tickets: "Mapping[str, Ticket]",
    standing: "Mapping[str, Standing]",
    profiles: "Mapping[str, Sequence[str]]",
) -> list[TaskChange]:
    """Return what the plan means for each of its tasks, in the plan's order.

    The columns of the tickets get the checks of their profiles, where those are to be written.
    """
    found = []
    for ticket in tickets.values():
        change = TaskChange(ticket, standing.get(ticket.task_id))
        found.append(change)
        own = ticket.columns["required_checks"]
        known = profiles.get(ticket.columns["check_profile"] or "", ())
        whole = list(dict.fromkeys([*known, *own]))
        now = change.standing
        if now is None:
            ticket.columns["required_checks"] = whole
            continue
        ticket.columns["request_id"] = ticket.columns["request_id"] or now.columns["request_id"]
        same_profile = now.columns["check_profile"] == ticket.columns["check_profile"]
        if not (same_profile and now.columns["required_checks"] == own):
            ticket.columns["required_checks"] = whole
        change.fields = _differences(ticket, now)
        change.kind = "updated" if change.fields else "unchanged"
        if change.fields and now.untouchable:
            change.kind, change.reason = "kept", now.untouchable
    return found


def _differences(ticket: "Ticket", now: Standing) -> "dict[str, tuple[object, object]]":
    new, old = ticket.columns, now.columns
    found: dict[str, tuple[object, object]] = {
        name: (old[column], new[column])
        for name, column in _PLAIN.items()
        if old[column] != new[column]
    }
    if old["required_checks"] != new["required_checks"]:
        found["required_checks"] = (old["required_checks"], new["required_checks"])
    if old["priority"] != new["priority"] or new["rank"] not in (None, old["rank"]):
        found["priority"] = (shown_priority(old), shown_priority(new))
    for column in ("acceptance", "metadata"):
        was, becomes = _parsed(old[column]), _parsed(new[column])
        if _canonical(was) != _canonical(becomes):
            found[column] = (was, becomes)
    if ticket.spec_sha256 != now.spec:
        found["spec"] = (now.spec, ticket.spec_sha256)
    if ticket.locks != now.locks:
        found["locks"] = (now.locks, ticket.locks)
    if set(ticket.depends_on) != set(now.depends_on):
        found["dependencies"] = (now.depends_on, ticket.depends_on)
    return found


def shown_priority(columns: "Mapping[str, Any]") -> "int | str":
    """Return a priority as a plan writes it: the number where there is one that fits, or a word."""
    rank, priority = columns["rank"], columns["priority"]
    if rank in range(1, 6) and priority == class_of(rank):
        return int(rank)
    return PRIORITIES[priority]


def class_of(number: int) -> int:
    """Return the store's priority of a ticket's number: 1-2 high, 3 normal, 4-5 low."""
    return 2 if number < 3 else 1 if number == 3 else 0


def _parsed(text: str | None) -> object:
    return None if text is None else json.loads(text)


def _canonical(value: object) -> str:
    """Return JSON text that is the same for the same value; 1 and 1.0 and true are not."""
    return json.dumps(value, sort_keys=True)


def whole_graph(
    reading: "PlanReading", standing: "Mapping[str, Standing]"
) -> "dict[str, Sequence[str]]":
    """Return who would wait for whom, over all tasks of the run, once the plan is applied."""
    found: dict[str, Sequence[str]] = {name: now.depends_on for name, now in standing.items()}
    for name, others in reading.waits.items():
        now = standing.get(name)
        if now is None or not now.untouchable:
            found[name] = others
    return found


def picture(
    tickets: "Mapping[str, Ticket]", standing: "Mapping[str, Standing]"
) -> "dict[str, PlannedTask]":
    """Return all tasks of the run as they would be, the most urgent first."""
    found = []
    for name in dict.fromkeys([*standing, *tickets]):
        ticket, now = tickets.get(name), standing.get(name)
        source = now if now is not None and (ticket is None or now.untouchable) else ticket
        assert source is not None
        work = _work(name, source.columns, source.depends_on, source.locks)
        work.planned = ticket is not None
        work.over = now.status if now is not None and now.status in _OVER else ""
        rank = source.columns["rank"]
        found.append(((-source.columns["priority"], rank or 0), work))
    found.sort(key=lambda pair: pair[0])
    return {work.task_id: work for _, work in found}


def _work(
    name: str, columns: "Mapping[str, Any]", depends_on: "list[str]", locks: "list[str]"
) -> PlannedTask:
    work = PlannedTask(name)
    work.waits_for, work.locks = depends_on, locks
    work.allowed = columns["allowed_paths"]
    work.accepted = columns["acceptance"] is not None
    work.checked = bool(columns["required_checks"] or columns["check_profile"])
    work.mode = columns["execution_mode"]
    minutes = json.loads(columns["metadata"]).get("estimate_min")
    work.minutes = minutes if type(minutes) is int and minutes > 0 else 0
    return work
