"""The shape of orch.toml: strict models; docs/reference/orch-toml.md is made from them."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from orch.config import PLAN_RULES, Check, Config, PlanPolicy
from orch.harness.table import HarnessTable

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _inside(path: str) -> str:
    if path.startswith(("/", "-")) or "\0" in path or ".." in path.split("/"):
        raise ValueError("must be a relative path inside the repository")
    return path


RelativePath = Annotated[
    str, StringConstraints(min_length=1, max_length=400), AfterValidator(_inside)
]
Argument = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")]
Command = Annotated[list[Argument], Field(min_length=1, max_length=200)]
Environment = Annotated[dict[str, Argument], Field(max_length=100)]


Level = Literal["refuse", "warn", "off"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CheckTable(_Strict):
    """[check.NAME]"""

    command: Command = Field(description="the program and its arguments; never a shell line")
    timeout: float | int = Field(600, gt=0, le=86400, description="seconds until it is an error")
    env: Environment = Field({}, description="variables added to its environment")
    exclusive: bool = Field(False, description="never beside another check of the same attempt")


class SetupTable(_Strict):
    """[worktree.setup]"""

    command: Command = Field(description="run once in each new worktree")
    timeout: float | int = Field(600, gt=0, le=86400, description="seconds until it failed")


class WorktreeTable(_Strict):
    """[worktree]"""

    root: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = Field(
        None, description="where worktrees are made, from the repository's root"
    )
    copy_files: list[RelativePath] = Field(
        [], alias="copy", description="untracked files copied into a new worktree"
    )
    link: list[RelativePath] = Field([], description="untracked files or folders linked into it")
    setup: SetupTable | None = Field(None, description="a command for each new worktree")
    env: Environment = Field({}, description="environment for workers and checks")


class PlanTable(_Strict):
    """[plan]"""

    overlap: Level = Field("refuse", description="tasks that may run together own the same files")
    budget: Level = Field("refuse", description="a task over one of the budgets below")
    acceptance: Level = Field("refuse", description="a task that says not what counts as done")
    checks: Level = Field("refuse", description="a task for code that no check judges")
    orphans: Level = Field("refuse", description="a task that waits for what will never be done")
    max_files: int = Field(100, ge=0, description="files that one task may own; 0 = no limit")
    max_bytes: int = Field(1024 * 1024, ge=0, description="their size together; 0 = no limit")
    max_minutes: int = Field(480, ge=0, description="the largest estimate_min; 0 = no limit")
    default_minutes: int = Field(30, ge=1, description="counted for a task without an estimate")


class OrchToml(_Strict):
    """The whole file."""

    worktree: WorktreeTable = Field(
        default_factory=lambda: WorktreeTable.model_validate({}), description="new worktrees"
    )
    check: dict[Name, CheckTable] = Field({}, description="commands that verify work")
    profile: dict[Name, list[Name]] = Field({}, description="names for groups of checks")
    harness: dict[Name, HarnessTable] = Field(
        {}, description="agent clients for orch work: new ones, or changes to a preset's keys"
    )
    plan: PlanTable = Field(
        default_factory=lambda: PlanTable.model_validate({}), description="rules of orch plan lint"
    )

    @model_validator(mode="after")
    def _profiles_name_checks(self) -> "OrchToml":
        unknown = [
            f"profile.{profile} names the unknown check {name!r}"
            for profile, names in self.profile.items()
            for name in names
            if name not in self.check
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return self

    def config(self) -> Config:
        """Return it as the plain object that workflows use."""
        found = Config()
        found.worktree_root = self.worktree.root or ""
        found.copy = list(self.worktree.copy_files)
        found.link = list(self.worktree.link)
        found.environment = dict(self.worktree.env)
        if self.worktree.setup is not None:
            found.setup = list(self.worktree.setup.command)
            found.setup_timeout = float(self.worktree.setup.timeout)
        found.checks = {
            name: Check(name, list(c.command), float(c.timeout), dict(c.env), c.exclusive)
            for name, c in self.check.items()
        }
        found.profiles = {name: list(checks) for name, checks in self.profile.items()}
        found.plan = self._policy()
        found.harnesses = {
            name: table.model_dump(exclude_unset=True) for name, table in self.harness.items()
        }
        return found

    def _policy(self) -> PlanPolicy:
        found = PlanPolicy()
        given = self.plan.model_dump()
        found.levels = {rule: given[rule] for rule in PLAN_RULES}
        found.max_files, found.max_bytes = self.plan.max_files, self.plan.max_bytes
        found.max_minutes = self.plan.max_minutes
        found.default_minutes = self.plan.default_minutes
        return found
