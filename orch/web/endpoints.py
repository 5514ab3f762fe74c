"""Endpoints: the one table behind routes, OpenAPI and its tests; each is a command. Pure.

An endpoint takes what its command takes, under the flags' names with underscores, but for what the
path says, what names a file of this machine, and what a program may not say for a person.
"""

from inbox.cli.grammar import Command, Option, Program
from schema.failures import Failure, invalid_input
from schema.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PREFIX = "/api/v1"
# exit: the status of HTTP; of 30, what is wrong with the request and what with the state differ.
_STATUS = {10: 200, 20: 409, 40: 404, 50: 500, 60: 503, 70: 503, 75: 503, 80: 502, 90: 403}
_OF_REQUEST = ("invalid_input", "key_conflict")
_DOCUMENTS = ("json", "json_any")


class Endpoint:
    """A request: method and path below PREFIX, the command, and how the path's names are given.

    `place` are the flags that a name of the path stands for, "" for the command's own argument;
    `fixed` is always given, `without` never taken; `streams`: `?follow=1` streams lines; `said` are
    members of the body that stand for the command's own arguments; `names_task`: the body names the
    task, `opens_run` the run, which is new.
    """

    __slots__ = (
        "fixed", "method", "names_task", "opens_run", "path", "place", "said", "streams", "without",
        "words",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        path: str,
        words: str,
        *place: str,
        fixed: tuple[str, ...] = (),
        without: tuple[str, ...] = (),
        streams: bool = False,
        said: "Mapping[str, Option] | None" = None,
        names_task: bool = False,
        opens_run: bool = False,
    ) -> None:
        self.said = said or {}
        self.names_task, self.opens_run = names_task, opens_run
        self.method, self.path, self.words, self.place = method, path, words, place
        self.fixed, self.without, self.streams = fixed, without, streams

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the path: `R/T` is one of its own."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


_TASK = "/tasks/{run}/{task}"
_TO_START = {
    "text": Option("TEXT", "text", "one task in words; its first sentence is its title"),
    "files": Option("FILE", "text", "plan files, or folders of them, as paths of this machine",
                    many=True),
}  # fmt: skip
_ENTRY = "/entries/{entry}"
ENDPOINTS = (
    Endpoint("GET", "/board", "top", without=("--once", "--for", "--no-mouse")),
    Endpoint("GET", "/runs", "run list"),
    Endpoint("POST", "/runs", "start", fixed=("--no-drive",), said=_TO_START,
             without=("--no-drive", "--foreground", "--background", "--plan", "--write-config")),
    Endpoint("GET", "/runs/{run}", "status", "--run", without=("--watch",)),
    Endpoint("GET", "/runs/{run}/tasks", "task list", "--run"),
    Endpoint("GET", "/runs/{run}/report", "report", "--run", without=("--format",)),
    Endpoint("GET", "/runs/{run}/events", "events", "--run", without=("--follow",)),
    Endpoint("POST", "/runs/{run}/pause", "run pause", ""),
    Endpoint("POST", "/runs/{run}/resume", "run resume", ""),
    Endpoint("POST", "/runs/{run}/tasks", "task add", "--run", names_task=True),
    Endpoint("POST", "/runs/{run}/enqueue", "queue add", "--run"),
    Endpoint("POST", "/runs/{run}/land", "queue run", "--run",
             without=("--watch", "--until-empty", "--explain")),
    Endpoint("POST", "/runs/{run}/integrate", "integrate", "--run"),
    Endpoint("POST", "/runs/{run}/cleanup", "cleanup", "--run", without=("--attempt", "--force")),
    Endpoint("POST", "/runs/{run}/close", "run close", "--run", without=("--force",)),
    Endpoint("POST", "/runs/{run}/tally", "council tally", "--run"),
    Endpoint("POST", "/runs/{run}/budget", "run budget", "--run"),
    Endpoint("POST", "/runs/{run}/accept", "repo accept", "--run"),
    Endpoint("GET", "/queue", "queue list"),
    Endpoint("POST", "/queue/release", "queue release"),
    Endpoint("GET", _TASK, "task show", ""),
    Endpoint("GET", _TASK + "/log", "logs", "", without=("--follow",), streams=True),
    Endpoint("GET", _TASK + "/diff", "diff", ""),
    Endpoint("GET", _TASK + "/trace", "trace", ""),
    Endpoint("POST", _TASK + "/answer", "answer", ""),
    Endpoint("POST", _TASK + "/continue", "continue", ""),
    Endpoint("POST", _TASK + "/stop", "stop", ""),
    Endpoint("POST", _TASK + "/abort", "cancel", ""),
    Endpoint("POST", _TASK + "/retry", "retry", "", without=("--force",)),
    Endpoint("POST", _TASK + "/rework", "queue retry", "", fixed=("--rework",),
             without=("--rework",)),
    Endpoint("POST", _TASK + "/dispatch", "dispatch", "", without=("--ready", "--limit", "--jobs")),
    Endpoint("POST", _TASK + "/reassign", "reassign", ""),
    Endpoint("POST", _TASK + "/verify", "verify run", ""),
    Endpoint("POST", _TASK + "/merge", "land", ""),
    Endpoint("POST", _TASK + "/adopt", "adopt", ""),
    Endpoint("POST", _TASK + "/council", "council start", "--task", opens_run=True,
             without=("--target", "--target-type", "--diff", "--mode", "--output",
                      "--only-unanimous")),
    Endpoint("POST", _TASK + "/approve", "approve", ""),
    Endpoint("POST", _TASK + "/reject", "reject", ""),
    Endpoint("GET", _ENTRY, "queue show", ""),
    Endpoint("POST", _ENTRY + "/approve", "queue approve", ""),
    Endpoint("POST", _ENTRY + "/reject", "queue reject", ""),
    Endpoint("POST", _ENTRY + "/release", "queue release", "", without=("--target",)),
    Endpoint("POST", _ENTRY + "/retry", "queue retry", ""),
)  # fmt: skip


def taken(program: Program, endpoint: Endpoint) -> dict[str, Option]:
    """Return what an endpoint takes, by its name in a query or a body."""
    command = program.commands[endpoint.words]
    return dict(endpoint.said) | {
        member(option): option
        for option in command.options
        if option.flag.startswith("-")
        and option.flag not in (*endpoint.place, *endpoint.without, "--key")
        and not (endpoint.place and option.flag == "--run" and not endpoint.opens_run)
        and not (endpoint.place and option.flag == "--task" and not endpoint.names_task)
        and option.kind != "path"
    }


def member(option: Option) -> str:
    """Return an option's name in a query or a body."""
    return option.flag.lstrip("-").replace("-", "_")


def is_persons_word(program: Program, endpoint: Endpoint) -> bool:
    """Say whether a person has to say it."""
    return program.commands[endpoint.words].person


def argv(
    program: Program, endpoint: Endpoint, path: "Mapping[str, str]", given: "Mapping[str, Any]",
    key: str,
) -> list[str]:  # fmt: skip
    """Return the command line of a request. Raises: invalid_input for what it does not take."""
    known = taken(program, endpoint)
    words = [*endpoint.words.split(" "), *endpoint.fixed]
    if endpoint.place:
        words += _placed(endpoint, path)
    for name, value in given.items():
        option = known.get(name)
        if option is not None and name in endpoint.said:
            words += _said(option, value)
            continue
        if option is None:
            raise invalid_input(
                f"{endpoint.method} {endpoint.path} takes no {name[:60]!r}",
                reason="flag", hint=f"it takes: {', '.join(known) or 'nothing'}",
            )  # fmt: skip
        words += _flags(option, value)
    if key:
        if not any(option.flag == "--key" for option in _command(program, endpoint).options):
            raise invalid_input(f"{endpoint.words} takes no Idempotency-Key", reason="flag")
        words.append(f"--key={key}")
    return words


def _command(program: Program, endpoint: Endpoint) -> Command:
    return program.commands[endpoint.words]


def _placed(endpoint: Endpoint, path: "Mapping[str, str]") -> list[str]:
    values = [path[name] for name in endpoint.names]
    for value in values:
        if value.startswith("-") or "/" in value:
            raise invalid_input(f"{value[:40]!r} is no name")
    (flag,) = endpoint.place
    return [f"{flag}={'/'.join(values)}"] if flag else ["/".join(values)]


def _said(option: Option, value: object) -> list[str]:
    """Return what a member says in the place of the command's own arguments."""
    several = value if isinstance(value, list) and option.many else [value]
    found = [_text(option, one) for one in several]
    if any(one.startswith("-") for one in found):
        raise invalid_input(f"{option.flag} begins with a dash", reason="flag")
    return found


def _flags(option: Option, value: object) -> list[str]:
    if value is None:
        return []
    if option.kind == "flag":
        if value not in (True, False, "1", "true", "0", "false"):
            raise invalid_input(f"{member(option)} wants true or false")
        return [option.flag] if value in (True, "1", "true") else []
    several = value if isinstance(value, list) else [value]
    if len(several) != 1 and not option.many and option.kind != "choices":
        raise invalid_input(f"{member(option)} is given once", reason="flag")
    if option.kind == "choices":
        several = [",".join(map(str, several))] if several else []
    return [f"{option.flag}={_text(option, one)}" for one in several]


def _text(option: Option, value: object) -> str:
    if option.kind in _DOCUMENTS and not isinstance(value, str):
        return str(dumps(value))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise invalid_input(f"{member(option)} wants a text or a number")
    return str(value)


def status_of(failure: Failure | None) -> int:
    """Return the status of HTTP for what came of a command."""
    if failure is None:
        return 200
    if failure.exit == 30:
        return 422 if failure.code in _OF_REQUEST else 409
    return _STATUS[failure.exit]
