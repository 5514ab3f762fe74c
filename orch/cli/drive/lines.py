"""Lines of a driver as it goes: one for each thing it did, each need with its command."""

import time

from inbox.cli import plain
from orch.drive.planner.model import DriveNeed
from schema import steps
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from inbox.cli.call import Call

    Line = Callable[[str, str, str, str], None]

_SWITCHES = ("no_land", "steal", "follow")
_VALUES = ("until", "workers", "harness", "at_once", "integrate")


def silent(_run_id: str, _task_id: str, _kind: str, _text: str) -> None:
    """Tell nobody: the answer at the end says it all."""


def teller(call: "Call") -> "Line":
    """Return what prints each line at once: for people, or a JSON document each."""

    def _json(run_id: str, task_id: str, kind: str, text: str) -> None:
        call.stream(str(obj(run_id=run_id, task_id=task_id or None, kind=kind, text=text)))

    def _plain(run_id: str, task_id: str, kind: str, text: str) -> None:
        name = f"{run_id}/{task_id}" if task_id else run_id
        mark = {"need": "! ", "problem": "~ "}.get(kind, "")
        at = time.strftime("%H:%M:%S")
        call.stream(f"{at} {mark}{name} {plain.line(text, 400)}")

    return _json if call.as_json else _plain


def iso(at: int) -> str:
    """Return a moment (ms) as answers have it."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000))
    return f"{whole}.{at % 1000:03d}Z"


def name_of(need: DriveNeed) -> str:
    """Return what a need is about, before its kind."""
    return f"{need.run_id}/{need.task_id} " if need.task_id else f"{need.run_id} "


def need_document(need: DriveNeed) -> "dict[str, Any]":
    """Return the published shape of a need."""
    return {
        "run_id": need.run_id,
        "task_id": need.task_id or None,
        "kind": need.kind,
        "since": iso(need.since),
        "text": need.text,
        "command": steps.joined(need.argv),
    }


def argv_of(run_ids: list[str], program: tuple[str, ...], given: "dict[str, Any]") -> list[str]:
    """Return the words by which a driver in the background is told the same."""
    words = ["drive"]
    for run_id in run_ids:
        words += ["--run", run_id]
    for name in _VALUES:
        if given[name] is not None:
            words += ["--" + name.replace("_", "-"), str(given[name])]
    if given["verify_jobs"] is not None:
        words += ["--jobs", str(given["verify_jobs"])]
    if given["for_seconds"] is not None:
        words += ["--for", f"{given['for_seconds']:g}s"]
    for flag, name in (("--set", "pairs"), ("--tickets", "tickets")):
        for one in given[name]:
            words += [flag, one]
    words += ["--" + name.replace("_", "-") for name in _SWITCHES if given[name]]
    return words + (["--", *program] if program else [])
