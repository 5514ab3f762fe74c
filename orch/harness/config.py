"""Configuration of a harness: one strict shape for presets and [harness.NAME] in orch.toml.

A table from orch.toml overrides the preset of its name key by key, or the one it is `like`;
a new name without `like` stands on its own. Nothing here starts anything.
"""

import os
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Text = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")]
Line = Annotated[list[Text], Field(max_length=200)]
Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){0,3}$")]
Seconds = Annotated[float | int, Field(gt=0, le=7 * 86400)]

PLACEHOLDERS = frozenset(
    ("agent", "brief", "new_session", "session", "store_dir", "store_roots", "thread", "workdir")
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Strict(BaseModel):
    """A table that takes what it names and nothing else, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EventRule(Strict):
    """[[harness.NAME.event]]: what one kind of line on standard output tells."""

    when: dict[Path, str | int | bool] = Field(
        {}, description="dotted paths and the values they must have"
    )
    final: Literal["ok", "failed"] | None = Field(
        None, description="the client's last word on this turn, and what it says"
    )
    failed_if: Path | None = Field(
        None, description="a path: if it holds anything but false, null or 0, the turn failed"
    )
    text: Path | None = Field(None, description="a path: what the agent said last")
    text_joins: bool = Field(False, description="such lines in a row are pieces of one text")
    error: list[Path] = Field([], description="paths that tell what went wrong")
    session: Path | None = Field(None, description="a path: the id to resume by")
    input_tokens: list[Path] = Field([], description="paths whose numbers add up")
    output_tokens: list[Path] = Field([], description="paths whose numbers add up")
    cost_usd: Path | None = Field(None, description="a path: what it cost, in dollars")
    adds: bool = Field(False, description="usage adds up over such lines; else the last one counts")


class VersionTable(Strict):
    """[harness.NAME.version]"""

    command: Annotated[list[Text], Field(min_length=1, max_length=20)] = Field(
        description="prints the client's version"
    )
    minimum: Version = Field("0", description="an older client is refused")
    below: Version | None = Field(None, description="from here on untested: a warning")


class LoginTable(Strict):
    """[harness.NAME.login]"""

    env: list[Variable] = Field([], description="any of these set means logged in")
    files: list[Text] = Field([], description="any of these files means logged in; ~ is the home")
    required: bool = Field(False, description="without a login the client would wait forever")
    hint: Text = Field("", description="how to log in")
    words: list[Text] = Field([], description="what it says when it is not logged in")


class HarnessTable(Strict):
    """[harness.NAME]"""

    like: Path | None = Field(None, description="the preset to start from (else its own name's)")
    command: Line = Field(
        [], description="program and arguments; {brief} {workdir} {store_dir} {new_session} …"
    )
    resume: Line = Field([], description="the same for a further turn of {session}")
    open: Line = Field([], description="the same for a person who looks into {session}")
    extra: Line = Field([], description="arguments added where a command says {extra}, else last")
    prompt: Literal["stdin", "file"] = Field(
        "stdin", description="how the client gets its brief; by file: say {brief} in the command"
    )
    version: VersionTable | None = Field(None, description="which versions are known to work")
    login: LoginTable | None = Field(None, description="how to see that it can log in")
    keys: list[Variable] = Field([], description="variables of yours that it may see")
    env: dict[Variable, Text] = Field({}, description="variables set for it")
    root_env: Variable | None = Field(None, description="must be set when you are root")
    event: list[EventRule] = Field([], description="how to read its standard output")
    exits: dict[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")], Text] = Field(
        {}, description="what its exit statuses mean"
    )
    limited: list[Text] = Field([], description="words of a rate limit, in lower case")
    limited_wait: Seconds = Field(300, description="seconds until a limited task may continue")
    session_totals: list[Literal["input_tokens", "output_tokens", "cost_usd"]] = Field(
        [], description="what a resumed session counts from its very beginning"
    )
    commits: Literal["worker", "runner"] = Field(
        "worker", description="who commits: the runner, where its sandbox cannot"
    )
    signal: Literal["TERM", "INT"] = Field("TERM", description="how it is asked to stop")
    first_output: Seconds = Field(300, description="seconds until its first output")
    idle: Seconds = Field(1800, description="seconds without output or report")
    total: Seconds = Field(4 * 3600, description="seconds for one turn")
    grace: Seconds = Field(10, description="seconds to end after its last word, or when stopped")
    report_grace: Seconds = Field(60, description="seconds to end after inbox done or fail")
    log_bytes: int = Field(64 << 20, ge=1 << 16, le=1 << 34, description="most a log may hold")


class Harness(Value):
    """A harness ready to use: its table with every default filled in."""

    name: str
    table: HarnessTable
    given: tuple[str, ...] = ()  # The program, where it was named on the command line.

    @property
    def words(self) -> str:
        """How it is named on a command line."""
        return named(self.name, self.given)

    def argv(self, values: "Mapping[str, str]", session: str) -> list[str]:
        """Return the command line of a turn; with a session, the one that resumes it."""
        template = self.table.resume if session and self.table.resume else self.table.command
        words: list[str] = []
        for part in template:
            if part == "{extra}":
                words += self.table.extra
            else:
                words.append(_PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), part))
        return words if "{extra}" in template else words + self.table.extra


def named(name: str, program: "tuple[str, ...]") -> str:
    """Return how a harness is named on a command line, its program last."""
    import shlex

    return f"--harness {shlex.quote(name)}" + (f" -- {shlex.join(program)}" if program else "")


def presets() -> "dict[str, dict[str, object]]":
    """Return the presets as they stand in presets.toml."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "presets.toml"), "rb") as file:
        return tomllib.load(file)


def session_command(name: str, overrides: "Mapping[str, Mapping[str, object]]") -> list[str]:
    """Return how a person takes a client's {session} up, [] where nothing says it."""
    own = overrides.get(name, {})
    base = presets().get(str(own.get("like") or name), {})
    found = own.get("open") or base.get("open")
    return [str(word) for word in found] if isinstance(found, list) else []


def resolve(
    name: str, overrides: "Mapping[str, Mapping[str, object]]", program: "tuple[str, ...]" = ()
) -> "tuple[Harness | None, list[str]]":
    """Return (the harness, every problem of its definition); None with at least one problem."""
    known = presets()
    own = dict(overrides.get(name, {}))
    base = str(own.pop("like", "") or (name if name in known else ""))
    if base and base not in known:
        return None, [f"harness.{name}.like: there is no preset {base!r}"]
    if not base and name not in overrides:
        some = ", ".join(sorted({*known, *overrides}))
        return None, [f"there is no harness {name!r}: known are {some}; or add [harness.{name}]"]
    merged = {**known.get(base, {}), **own}
    if program:
        if merged.get("command"):
            return None, [f"harness {name} has its own command: give no program"]
        merged["command"] = list(program)
    try:
        table = HarnessTable.model_validate(merged)
    except ValidationError as error:
        return None, [
            f"harness.{name}.{'.'.join(map(str, found['loc']))}: {found['msg']}"
            for found in error.errors()
        ]
    problems = _broken(name, table)
    return (Harness(name, table, program), []) if not problems else (None, problems)


def _broken(name: str, table: HarnessTable) -> list[str]:
    """Return what is wrong with the templates."""
    if not table.command:
        return [f"harness {name} has no command: name the program, or set harness.{name}.command"]
    problems = [
        f"harness.{name}.{key}: unknown placeholder {{{word}}}"
        for key, line in (
            ("command", table.command),
            ("resume", table.resume),
            ("open", table.open),
        )
        for part in line
        if part != "{extra}"
        for word in _PLACEHOLDER.findall(part)
        if word not in PLACEHOLDERS
    ]
    if any("{session}" in part for part in table.command):
        problems.append(f"harness.{name}.command: {{session}} belongs in resume")
    if table.resume and not any("{session}" in part for part in table.resume):
        problems.append(f"harness.{name}.resume: has no {{session}}")
    if table.prompt == "file" and not any("{brief}" in part for part in table.command):
        problems.append(f"harness.{name}.command: has no {{brief}}, and its prompt is a file")
    if _PLACEHOLDER.search(table.command[0]):
        problems.append(f"harness.{name}.command: its program is a placeholder")
    return problems
