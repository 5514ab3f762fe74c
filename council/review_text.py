"""Reader of a reviewer's text: its Review is found, then taken field by field.

Owns the reading of reviews that nobody controls. Guarantees: a review is unreadable only when no
document, no role or no list of findings is in it; one bad word becomes null and is flagged; one bad
finding is dropped and counted, never the review; the raw text is kept. Never guesses a field. How
the document is found in the text is `inbox.json_in_text`, the same ladder as `done --validate`.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from council.matching import normalised
from council.model import PROSE_LENGTH, TITLE_LENGTH, Finding, HeardFinding, Review
from council.vocabulary import EXAMPLE_TITLE, MAX_FINDINGS, ROLES, Flag, ParseMode, Role, role_of
from inbox.json_in_text import MAX_CHARACTERS, Sought
from schema.failures import Failure, invalid_input

__all__ = ["MAX_CHARACTERS", "Reading", "read_review"]

_HINT = "the thread's schema shows what is expected; `inbox done --validate` checks it"
_SOUGHT = Sought("the review", frozenset(("findings", "reviewer_role")), '"findings"', _HINT)
_PROSE = ("summary", "proposal", "rationale")
_CLOSED = ("action", "confidence", "severity", "verdict")
_STUB: dict[type[Finding | Review], dict[str, Any]] = {
    Finding: {
        "title": "-",
        **dict.fromkeys(_PROSE, ""),
        "confidence": None,
        "tags": (),
        "target_refs": {},
    },
    Review: {"reviewer_role": ROLES[0], "findings": ()},
}
_FLAG_OF: dict[str, Flag] = {
    "severity": "severity_unknown",
    "action": "action_unknown",
    "confidence": "confidence_unknown",
    "line_start": "location_unverified",
    "line_end": "location_unverified",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A review, how it was found, what had to be left out of it, and the text it was found in.

    `dropped` says of each finding that could not be read which and why.
    """

    review: Review
    parse_mode: ParseMode
    raw: str
    flags: tuple[Flag, ...] = ()
    dropped: tuple[str, ...] = ()


def read_review(raw: str, role: Role) -> Reading:
    """Return the review that `raw` contains, if it is `role`'s.

    Raises: invalid_input: `text` when too long, `json` when no readable document is in it,
    `schema` without a role of a council or a list of findings, `value` when it is another
    reviewer's. The message says what to mend.
    """
    document, mode = _SOUGHT.find(raw)
    _require_role(document, role)
    given = document.get("findings")
    if not isinstance(given, list):
        raise _schema("findings: required, add it" if given is None else "findings: must be a list")
    findings, dropped = _findings(given)
    flags: list[Flag] = []
    verdict = _one(Review, "verdict", document.get("verdict"), flags, "verdict_unknown")
    coverage = _one(Review, "coverage", document.get("coverage"), flags, "field_unread")
    if document.keys() - Review.model_fields.keys():
        flags.append("field_unread")
    review = Review(reviewer_role=role, findings=findings, verdict=verdict, coverage=coverage)
    return Reading(review, mode, raw, tuple(dict.fromkeys(flags)), tuple(dropped))


def _require_role(document: dict[str, Any], role: Role) -> None:
    said = document.get("reviewer_role")
    if said is None:
        raise _schema("reviewer_role: required, add it")
    named = role_of(said) if isinstance(said, str) else ""
    if named not in ROLES:
        raise _schema(f"reviewer_role: must be one of {', '.join(ROLES)}")
    if named != role:
        raise invalid_input(
            f"reviewer_role is {named!r}, but this is the task of {role!r}",
            hint="each reviewer answers on its own thread",
        )


def _schema(why: str) -> Failure:
    return invalid_input(why, reason="schema", hint=_HINT)


def _findings(given: list[Any]) -> tuple[tuple[Finding, ...], list[str]]:
    """Return the findings that can be read, and why each of the others cannot."""
    heard: list[Finding] = []
    dropped: list[str] = []
    for index, document in enumerate(given):
        why = _fault(document)
        if not why and len(heard) == MAX_FINDINGS:
            why = f"more than {MAX_FINDINGS} findings"
        if why:
            dropped.append(f"findings[{index}]: {why}")
        else:
            heard.append(_heard(index, document, is_at=len(heard)))
    return tuple(heard), dropped


def _fault(document: object) -> str:
    """Return why there is no finding in `document`, '' when there is one."""
    if not isinstance(document, dict):
        return "not an object"
    for name in ("title", *_PROSE):
        if name not in document:
            return f"{name}: required, add it"
        if not isinstance(document[name], str):
            return f"{name}: must be text"
    if not document["title"].strip():
        return "title: must not be blank"
    example = normalised(document["title"]) == normalised(EXAMPLE_TITLE)
    return "it is the brief's example" if example else ""


def _heard(index: int, document: dict[str, Any], *, is_at: int) -> Finding:
    """Return the finding with every field that can be read; what cannot is null and flagged."""
    flags: list[Flag] = []
    said: dict[str, Any] = {"title": _cut(document["title"], TITLE_LENGTH, flags)}
    said |= {name: _cut(document[name], PROSE_LENGTH, flags) for name in _PROSE}
    for name in Finding.model_fields.keys() - said.keys():
        flag = _FLAG_OF.get(name, "field_unread")
        said[name] = _one(Finding, name, document.get(name), flags, flag)
    said["tags"] = said["tags"] or ()
    said["target_refs"] = said["target_refs"] or {}
    if document.keys() - said.keys():
        flags.append("field_unread")
    if not flags and index == is_at:
        return Finding(**said)
    return HeardFinding(index=index, flags=tuple(sorted(set(flags))), **said)


def _one(
    model: type[Finding | Review], name: str, value: object, flags: list[Flag], flag: Flag
) -> Any:
    """Return the value of one optional field as the model has it, or None with a flag."""
    if value is None:
        return None
    if name in _CLOSED and isinstance(value, str):
        value = value.strip().lower()
    try:
        return getattr(model.model_validate(_STUB[model] | {name: value}), name)
    except ValidationError:
        flags.append(flag)
        return None


def _cut(text: str, most: int, flags: list[Flag]) -> str:
    if len(text) <= most:
        return text
    flags.append("shortened")
    return text[: most - 1] + "…"
