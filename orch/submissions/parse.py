"""Parser of change requests: every field, digest and patch, all problems at once."""

import hashlib

from pydantic import ValidationError

from orch.plans.document import Document
from orch.plans.read import read_document
from orch.submissions import patch
from orch.submissions.model import ChangeRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.plans.document import Path

_WORDS_OF_TYPE = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "string_type": "must be text",
    "list_type": "must be a list",
    "too_short": "is empty: it changes nothing",
    "string_pattern_mismatch": "must be 64 characters 0-9 a-f",
    "model_type": "must be an object",
}


class FilePatch:
    """One file's change: as it was given, and where it stands in the document."""

    __slots__ = ("number", "operation", "patch", "path", "sha256")

    def __init__(self, number: int, given: "dict[str, Any]") -> None:
        self.number = number
        self.path: str = given["path"]
        self.operation: str = given["operation"]
        self.patch: str = given["patch"]
        self.sha256: str = given["patch_sha256"]


class SubmissionReading:
    """What a change request holds: its sound changes, and its problems.

    `task_id` and `agent` are "" where the document does not say them.
    """

    __slots__ = ("agent", "changes", "checks", "document", "task_id", "text")

    def __init__(self, found: Document) -> None:
        self.document = found
        self.text = found.text
        self.task_id = ""
        self.agent = ""
        self.checks: list[str] = []
        self.changes: list[FilePatch] = []

    def refuse(self, change: FilePatch, field: str, message: str) -> None:
        """Note a problem with a change."""
        self.document.refuse(("changes", change.number, field), message)


def read(text: str) -> SubmissionReading:
    """Return what a change request says; what is wrong with it stands in its document."""
    reading = SubmissionReading(read_document(text, "json"))
    value = reading.document.value
    if reading.document.is_refused(()):
        return reading
    if not isinstance(value, dict):
        reading.document.refuse((), "must be an object with task_id, agent and changes")
        return reading
    broken: set[Path] = set()
    try:
        ChangeRequest.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            broken.add(_explain(reading, found))
    for name in ("task_id", "agent"):
        if isinstance(value.get(name), str) and (name,) not in broken:
            setattr(reading, name, value[name])
    if isinstance(value.get("checks", []), list) and not any(p[0] == "checks" for p in broken if p):
        reading.checks = value.get("checks", [])
    if isinstance(value.get("changes"), list):
        _changes(reading, value["changes"], broken)
    return reading


def _explain(reading: SubmissionReading, found: "Any") -> "Path":
    """Note one of pydantic's errors in our words; return its place."""
    place: Path = found["loc"]
    if not reading.document.is_refused(place):
        words = _WORDS_OF_TYPE.get(found["type"])
        reading.document.refuse(place, words or found["msg"].replace("Input should be", "must be"))
    return place


def _changes(reading: SubmissionReading, items: "list[Any]", broken: "set[Path]") -> None:
    """Add the changes that are sound in themselves, and what is wrong with the others."""
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        path = item.get("path") if isinstance(item, dict) else None
        if isinstance(path, str):
            if path in seen:
                place = ("changes", number, "path")
                reading.document.refuse(place, f"{path} is there twice: changes[{seen[path]}]")
            seen.setdefault(path, number)
        if any(place[:2] == ("changes", number) for place in broken) or path is None:
            continue
        change = FilePatch(number, item)
        digest = hashlib.sha256(change.patch.encode("utf-8", "surrogatepass")).hexdigest()
        if digest != change.sha256:
            what = f"does not fit the patch, whose SHA-256 is {digest}"
            reading.refuse(change, "patch_sha256", what)
        fault = patch.fault(change.patch, change.path, change.operation)
        if fault:
            reading.refuse(change, "patch", fault)
        if not reading.document.has_refused_in(("changes", number)):
            reading.changes.append(change)
