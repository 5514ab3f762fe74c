"""The shape of `[drive]`: as orch.toml has it, and as `KEY=VALUE` of a run's own settings says it.

What is built in stands in drive_policy.py alone; here are bounds and words.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from orch.config.drive_policy import DrivePolicy
from orch.harness.config import Strict
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BUILT_IN = DrivePolicy()
_RETRY = _BUILT_IN.retry
_MEND = "docs/reference/orch-toml.md lists every setting"


def _below(path: str) -> str:
    if path.startswith(("/", "-", "~")) or "\0" in path or ".." in path.split("/"):
        raise ValueError("must be a glob below the repository")
    return path


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
NameOrNone = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$")]
Branch = Annotated[str, StringConstraints(max_length=200, pattern=r"^([^\s\x00-].*)?$")]
Files = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_below)]
Seconds = Annotated[float | int, Field(ge=0, le=86400)]
Times = Annotated[int, Field(ge=0, le=1000)]


class DriveRetryTable(Strict):
    """[drive.retry]"""

    crashed: Times = Field(_RETRY.crashed, description="attempts after one that crashed")
    gone: Times = Field(_RETRY.gone, description="after one whose worker is gone or silent")
    timeout: Times = Field(_RETRY.timeout, description="after one that ran too long")
    no_change: Times = Field(_RETRY.no_change, description="after one that did nothing")
    failed: Times = Field(_RETRY.failed, description="after one that its worker gave up")
    check_failed: Times = Field(
        _RETRY.check_failed, description="after a failed check, run twice on the same tree"
    )
    paths: Times = Field(_RETRY.paths, description="after one that left its paths")
    revise: Times = Field(_RETRY.revise, description="after a review that asks for changes")
    trial_failed: Times = Field(
        _RETRY.trial_failed, description="after a trial of the queue that failed because of it"
    )
    setup: Times = Field(_RETRY.setup, description="after a setup command that failed")
    run: Times = Field(_RETRY.run, description="all of these together, in one run")
    first: Seconds = Field(
        _RETRY.first,
        description="seconds after a crash; after a timeout twice that, after a silent worker a "
        "sixth, else none",
    )
    factor: float | int = Field(_RETRY.factor, ge=1, le=10, description="each next wait is longer")
    most: Seconds = Field(_RETRY.most, description="seconds that no wait is longer than")
    jitter: float | int = Field(
        _RETRY.jitter, ge=0, le=1, description="the part of a wait that differs by task"
    )
    storm: Times = Field(
        _RETRY.storm,
        description="tasks that end alike within ten minutes: nothing begins; 0 = never",
    )


class DriveTable(Strict):
    """[drive]"""

    workers: int = Field(
        _BUILT_IN.workers, ge=0, le=64, description="worker processes; 0: others work, by orch work"
    )
    harness: NameOrNone = Field(_BUILT_IN.harness, description="their agent client")
    pool: Name = Field(_BUILT_IN.pool, description="the pool of tasks that name nobody")
    mode: Literal["analysis", "code"] = Field(
        _BUILT_IN.mode, description="the mode of tasks that say none"
    )
    checks: list[Name] = Field([], description="the checks of tasks that name none")
    at_once: int = Field(_BUILT_IN.at_once, ge=1, le=256, description="tasks at work at once")
    waiting: int = Field(
        _BUILT_IN.waiting,
        ge=0,
        le=100_000,
        description="while so many tasks wait for people nothing begins; 0 = no limit",
    )
    overtakes: int = Field(
        _BUILT_IN.overtakes, ge=1, le=1000, description="times that later work may begin first"
    )
    stack: Literal["done", "landed"] = Field(
        _BUILT_IN.stack, description="when a dependent may begin"
    )
    verify: bool = Field(_BUILT_IN.verify, description="run the checks of finished work")
    verify_jobs: int = Field(_BUILT_IN.verify_jobs, ge=1, le=32, description="tasks at once")
    verify_tries: int = Field(
        _BUILT_IN.verify_tries, ge=1, le=100, description="tries of a check that cannot run"
    )
    review: Literal["policy", "never"] = Field(
        _BUILT_IN.review, description="ask for exactly the reviews that [policy] lacks, or for none"
    )
    review_jobs: int = Field(
        _BUILT_IN.review_jobs, ge=1, le=32,
        description="tasks reviewed at once; a council starts three clients for its one",
    )  # fmt: skip
    reviewer: NameOrNone = Field(_BUILT_IN.reviewer, description="the agent client that reviews")
    queue: bool = Field(_BUILT_IN.queue, description="queue and land finished work")
    integrate: Branch = Field(
        _BUILT_IN.integrate, description="the branch to bring the run's own one into"
    )
    cleanup: bool = Field(_BUILT_IN.cleanup, description="remove the worktrees of what landed")
    close: bool = Field(_BUILT_IN.close, description="close the run at its end")
    stale_after: Seconds = Field(
        _BUILT_IN.stale_after, description="seconds after its lease until a silent worker is gone"
    )
    tickets: list[Files] = Field(
        [], max_length=100, description="globs of files that are applied as tasks"
    )
    retry: DriveRetryTable = Field(
        default_factory=lambda: DriveRetryTable.model_validate({}),
        description="what is tried again by itself, and when",
    )

    def written(self) -> dict[str, object]:
        """Return what was said, without what was not."""
        return self.model_dump(exclude_unset=True)


SETTINGS = tuple(name for name in DriveTable.model_fields if name != "retry") + tuple(
    f"retry.{name}" for name in DriveRetryTable.model_fields
)


def parsed(pairs: "Iterable[str]") -> dict[str, object]:
    """Return what `KEY=VALUE` words set, nested as in orch.toml; lists by commas.

    Raises: invalid_input/value naming every problem.
    """
    found: dict[str, object] = {}
    problems: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            problems.append(f"{pair}: say KEY=VALUE")
        elif key not in SETTINGS:
            problems.append(unknown(key))
        else:
            table, _, name = key.rpartition(".")
            place = found.setdefault(table, {}) if table else found
            assert isinstance(place, dict)
            place[name] = _listed(name, value)
    try:
        table_of = DriveTable.model_validate(found, strict=False)
    except ValidationError as error:
        problems += [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    if problems:
        raise Failure(
            "invalid_input", "value", "; ".join(problems[:5]), hint=_MEND,
            details={"problems": problems},
        )  # fmt: skip
    return table_of.written()


def unknown(key: str) -> str:
    """Return in words that there is no such setting, with the nearest one."""
    import difflib

    near = [name for name in SETTINGS if name.endswith(f".{key}")]
    near = near or difflib.get_close_matches(key, SETTINGS, 1, 0.6)
    return f"{key}: no such setting" + (f"; did you mean {near[0]}?" if near else "")


def _listed(name: str, value: str) -> object:
    if name in ("checks", "tickets"):
        return [one for one in value.split(",") if one]
    return value
