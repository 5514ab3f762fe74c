"""The shape of a change request: strict pydantic models, and the JSON Schema made of them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from schema import ids
from schema.failures import Failure

MOST_CHANGES = 1000
_NAME = r"[A-Za-z0-9](?!.*\.\.)(?!.*\.lock$)[A-Za-z0-9._-]{0,63}"
_GIT_FOLDERS = (".git", "git~1")


def _name(text: str) -> str:
    try:
        return ids.require_name(text, "it")
    except Failure:
        raise PydanticCustomError("name", "is not a legal name")


def _task(text: str) -> str:
    for part in text.split("/", 1):
        _name(part)
    return text


def path_fault(path: str) -> str:
    """Return why a path is none inside the tree, "" when it is."""
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "is not a path inside the tree: relative, with single /, without . and .."
    if not path.isprintable():
        return "holds control characters"
    if any(part.rstrip(" .").casefold() in _GIT_FOLDERS for part in parts):
        return "lies in a .git folder"
    return "is too long" if any(len(part.encode()) > 255 for part in parts) else ""


def _path(text: str) -> str:
    fault = path_fault(text)
    if fault:
        raise PydanticCustomError("path", "{fault}", {"fault": fault})
    return text


Name = Annotated[
    str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})
]
TaskName = Annotated[
    str,
    AfterValidator(_task),
    WithJsonSchema({"type": "string", "pattern": f"^({_NAME}/)?{_NAME}$"}),
]
TreePath = Annotated[
    str,
    AfterValidator(_path),
    WithJsonSchema({"type": "string", "pattern": r"^(?![/.]*$)(?!/)(?!(.*/)?\.\.?(/|$))[^\x00]+$"}),
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FileChange(BaseModel):
    """What happens to one file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    path: TreePath = Field(description="the file, from the repository's root")
    operation: Literal["add", "update", "delete"]
    patch: str = Field(description="a unified diff of exactly this file, as git diff writes it")
    patch_sha256: Digest = Field(description="SHA-256 of the patch's text in UTF-8, in hex")


class ChangeRequest(BaseModel):
    """A finished change for one task, by a developer without a worktree."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    task_id: TaskName = Field(description="the task, or run/task")
    agent: Name = Field(description="whose work it is")
    changes: list[FileChange] = Field(min_length=1, max_length=MOST_CHANGES)
    checks: list[Name] = Field(
        default=[],
        description="checks of orch.toml that are to judge it, beyond those the task requires",
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a change request."""
    found = ChangeRequest.model_json_schema()
    found["title"] = "orch change request"
    for model in (found, *found["$defs"].values()):
        for field in model["properties"].values():
            field.pop("title", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
