"""The shape of a plan: strict pydantic models, from which the published JSON Schema is made.

A task takes the fields of a ticket and all of `orch task add`; nothing else, and no nulls.
Adding a field? Also in tickets.py (its column) and export.py; test_plan_export.py compares.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from orch.model import DEFAULT_MAX_ATTEMPTS
from schema import ids
from schema.failures import Failure

_NAME_RULE = "letters, digits, '.', '_' and '-', at most 64, starting with a letter or digit"
_NAME = r"[A-Za-z0-9](?!.*\.\.)(?!.*\.lock$)[A-Za-z0-9._-]{0,63}"
_GLOB = r"^(?![/-])(?!(.*/)?\.\.(/|$))[^\\]+$"
_SPEC_PATH = r"^(?!/)(?!(.*/)?\.\.(/|$)).+$"
_WORDS = ("low", "normal", "high")


# Two names of one thing, for people who come from tickets or from `task add`: never both.
TWINS = (("description", "summary"), ("dependencies", "depends_on"), ("spec", "spec_file"))


def _name(text: str) -> str:
    try:
        return ids.require_addressee(text, "it")
    except Failure:
        raise PydanticCustomError("name", "is not a legal name: " + _NAME_RULE)


def _glob(text: str) -> str:
    if not text or text.startswith(("/", "-")) or "\\" in text or ".." in text.split("/"):
        raise PydanticCustomError(
            "glob", "is not a glob inside the repository: relative, with / between folders"
        )
    return text


def _spec_path(text: str) -> str:
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise PydanticCustomError("path", "must be a relative path below the plan's own folder")
    return text


def _priority(value: object) -> object:
    if value in _WORDS or (type(value) is int and 1 <= value <= 5):
        return value
    raise PydanticCustomError("priority", "must be 1 (highest) to 5, or one of low, normal, high")


def _anything(value: object) -> object:
    """Return any value but null; what JSON cannot hold was refused with the document."""
    if value is None:
        raise PydanticCustomError("null", "is empty")
    return value


def _plain_name(text: str) -> str:
    if text.startswith("@"):
        raise PydanticCustomError("name", "is not a legal name: " + _NAME_RULE)
    return _name(text)


def _text(pattern: str) -> Any:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Name = Annotated[str, AfterValidator(_plain_name), _text(f"^{_NAME}$")]
Addressee = Annotated[str, AfterValidator(_name), _text(f"^@?{_NAME}$")]
Glob = Annotated[str, AfterValidator(_glob), _text(_GLOB)]
SpecPath = Annotated[str, AfterValidator(_spec_path), _text(_SPEC_PATH)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Priority = Annotated[
    Any, BeforeValidator(_priority), WithJsonSchema({"enum": [1, 2, 3, 4, 5, *_WORDS]})
]
Anything = Annotated[
    Any,
    BeforeValidator(_anything),
    WithJsonSchema({"type": ["object", "array", "string", "number", "boolean"]}),
]


def _given(description: str, **rules: Any) -> Any:
    """Return a field that may be left out; what stands there when it is, is never looked at."""
    return Field(default=None, description=description, **rules)


class PlanTask(BaseModel):
    """One task of a plan: a ticket, with all that `orch task add` knows."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        title="Task",
        json_schema_extra={"allOf": [{"not": {"required": list(pair)}} for pair in TWINS]},
    )

    id: Name = Field(description="the task's id in the run; the same id again means this task")
    title: str = _given("one line (default: the id)")
    description: str = _given("what is to be done")
    summary: str = _given("another name for description")
    priority: Priority = _given("1 (highest) to 5, default 3; 1-2 high, 3 normal, 4-5 low")
    locks: list[Name] = _given("locks that no two tasks hold at once")
    dependencies: list[Name] = _given("ids of tasks that must be done first")
    depends_on: list[Name] = _given("another name for dependencies")
    tags: list[Tag] = _given("words to find it by; kept in its metadata")
    estimate_min: int = _given(
        "how many minutes it should take; kept in its metadata", ge=1, le=1_000_000
    )
    default_to: Addressee = _given("who does it when dispatch names nobody: an agent, or @pool")
    acceptance: Anything = _given("what counts as done: text, a list, or any structure")
    spec: str = _given("a specification, as text")
    spec_file: SpecPath = _given(
        "or a file below the plan's folder, whose content is copied when the plan is applied"
    )
    check_profile: str = _given("a profile of checks in orch.toml")
    required_checks: list[Name] = _given("checks that must pass")
    allowed_paths: list[Glob] = _given("files it may change, as globs")
    blocked_paths: list[Glob] = _given("files it must not change, as globs")
    metadata: dict[str, Any] = _given("an object for programs")
    max_attempts: int = _given(
        f"limits automatic retries (default {DEFAULT_MAX_ATTEMPTS})", ge=1, le=2**31
    )
    risk: Literal["low", "medium", "high"] = _given("default low")
    execution_mode: Literal["analysis", "code"] = _given(
        "analysis, or code in a worktree of its own"
    )
    kind: Literal["feature", "bugfix", "refactor", "docs", "test", "chore"] = _given(
        "what kind of work it is: figures are told by it"
    )
    request: Name = _given("the request that it comes from; left out, it keeps the one it has")


class PlanFile(BaseModel):
    """Many tasks."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Plan")

    tasks: list[PlanTask] = Field(min_length=1, description="the tasks, in any order")
    request: Name = _given("the request that all of them come from")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan: an object with tasks, a list of them, or one task."""
    tasks = Annotated[list[PlanTask], Field(min_length=1)]
    found = TypeAdapter(PlanFile | tasks | PlanTask).json_schema()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orch plan",
        "description": "An object with `tasks`, a list of tasks, or one task.",
    }
    for model in ("PlanTask", "PlanFile"):
        for field in found["$defs"][model]["properties"].values():
            field.pop("default", None)
            field.pop("title", None)
    return head | found
