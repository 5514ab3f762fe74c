"""The API as OpenAPI 3.1: made of the table of endpoints, the table of commands and the shapes.

Pure. `make docs` writes it to docs/reference/openapi.json; `GET /api/v1/openapi.json` serves it.
"""

from inbox.cli.grammar import Option, Program
from inbox.cli.option_schema import schema_of
from orch.web.endpoints import ENDPOINTS, PREFIX, Endpoint, is_persons_word, taken
from orch.web.shared_schemas import hoisted, lifted
from schema.failures import TABLE
from schema.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STATUSES = {
    200: "done; or, with `ok` false, nothing was there to be done",
    401: "no token, or a wrong one",
    403: "a rule said no; what only a person can say names the command",
    404: "no such thing",
    409: "the state does not allow it, or it is another's",
    413: "the body is too large",
    422: "the request is wrong",
    500: "our bug",
    502: "git failed",
    503: "the store was busy, or needs a person",
}
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "maxLength": 128}
_CODE = Option("--code", "text", "the code that the terminal of orch web shows when this is asked "
               "for without one")  # fmt: skip


_KEY: "dict[str, Any]" = {
    "name": "Idempotency-Key", "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "do it once: the same again gives the stored answer",
}  # fmt: skip
_EVENT: "dict[str, Any]" = {
    "type": "object", "required": ["data"], "properties": {"data": {"type": "string"}},
}  # fmt: skip
_MARK: "dict[str, Any]" = {
    "name": "X-Orch", "in": "header", "required": True, "schema": {"const": "1"},
}  # fmt: skip


def document(program: Program, shapes: "dict[str, Any]") -> "dict[str, Any]":
    """Return the description of the API."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        found = _operation(program, endpoint, shapes)
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = found
    paths[PREFIX + "/events"] = {"get": _events()}
    schemas: dict[str, Any] = {"Failed": _failed()}
    shared = hoisted(lifted(paths, schemas), schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The HTTP API of orch",
            "version": __version__,
            "description": "Each request is a command of orch: its answer is what the command "
            "prints with --json, its failure is the command's error object.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": shared,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": _refusals(),
        },
    }


def _operation(program: Program, endpoint: Endpoint, shapes: "dict[str, Any]") -> "dict[str, Any]":
    command = program.commands[endpoint.words]
    known = taken(program, endpoint)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _NAME} for name in endpoint.names
    ]
    has_key = any(option.flag == "--key" for option in command.options)
    found: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{endpoint.path}".replace("/", "_"),
        "summary": command.summary,
        "description": f"`orch {endpoint.words}`. {command.note}".strip(),
        "parameters": parameters,
        "responses": _responses(endpoint, shapes),
    }
    if endpoint.method == "GET":
        parameters += [_in_query(name, option) for name, option in known.items()]
        if endpoint.streams:
            follow = Option("--follow", "flag", "stream it as server-sent events, a line each")
            parameters.append(_in_query("follow", follow))
        return found
    if has_key:
        parameters.append(_KEY)
    parameters.append(_MARK)
    members = {name: schema_of(option) for name, option in known.items()}
    if is_persons_word(program, endpoint):
        members["code"] = schema_of(_CODE)
    body = {"type": "object", "properties": members, "additionalProperties": False}
    found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return found


def _in_query(name: str, option: Option) -> "dict[str, Any]":
    return {"name": name, "in": "query", "schema": schema_of(option), "description": option.help}


def _responses(endpoint: Endpoint, shapes: "dict[str, Any]") -> "dict[str, Any]":
    data = {key: value for key, value in shapes[endpoint.words].items() if key != "$schema"}
    step = {"type": "object", "required": ["argv", "command"]}
    done = {
        "type": "object",
        "required": ["ok", "command", "data", "next"],
        "properties": {"ok": {"const": True}, "command": {"type": "string"}, "data": data,
                       "next": {"type": "array", "items": step}},
    }  # fmt: skip
    schema = {"anyOf": [done, {"$ref": "#/components/schemas/Failed"}]}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if endpoint.streams:
        content["text/event-stream"] = {"schema": _EVENT}
    found: dict[str, Any] = {"200": {"description": _STATUSES[200], "content": content}}
    for status in _STATUSES:
        if status != 200:
            found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _refusals() -> "dict[str, Any]":
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Failed"}}}
    return {
        str(status): {"description": words, "content": content}
        for status, words in _STATUSES.items()
        if status != 200
    }


def _failed() -> "dict[str, Any]":
    error = {
        "type": "object",
        "required": ["code", "reason", "message", "hint", "retry", "details"],
        "properties": {
            "code": {"enum": list(TABLE)}, "reason": {"type": "string"},
            "message": {"type": "string"}, "hint": {"type": "string"}, "retry": {"type": "string"},
            "details": {"type": ["object", "null"]},
        },
    }  # fmt: skip
    return {
        "type": "object",
        "required": ["ok", "command", "error", "next"],
        "properties": {"ok": {"const": False}, "command": {"type": "string"}, "error": error,
                       "next": {"type": "array"}},
    }  # fmt: skip


def _events() -> "dict[str, Any]":
    after = {"type": "string", "pattern": "^[0-9]{1,15}$"}
    return {
        "operationId": "get_events",
        "summary": "Stream events as they are committed, each with its id.",
        "description": "Server-sent events: `id` is the event's, `data` its document, as `orch "
        "events --follow` prints it. Without Last-Event-ID it begins with what comes next.",
        "parameters": [
            {"name": "Last-Event-ID", "in": "header", "schema": after},
            {"name": "run", "in": "query", "schema": _NAME},
        ],
        "responses": {
            "200": {"description": "events",
                    "content": {"text/event-stream": {"schema": _EVENT}}},
            "401": {"$ref": "#/components/responses/401"},
            "503": {"$ref": "#/components/responses/503"},
        },
    }  # fmt: skip
