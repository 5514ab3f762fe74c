"""The shape of orch.toml: strict models; docs/reference/orch-toml.md is made from them."""

from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    model_validator,
)

from orch.config.drive_schema import DriveTable
from orch.config.model import PLAN_RULES, Check, Config, PlanPolicy, Policy, PolicyRule, QueueRules
from orch.config.notify_schema import NotifyTable
from orch.forge.rules import ForgeRules
from orch.harness.config import HarnessTable, Strict
from schema.value import Value

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
Risk = Literal["low", "medium", "high"]
Approver = Literal["human", "council", "reviewer"]
Condition = Literal[
    "secrets", "waived_checks", "gitlinks", "scope", "ci", "machine_resolved", "dependencies",
    "modes", "flaky",
]  # fmt: skip
Glob = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_inside)]


SshKey = Annotated[
    str,
    StringConstraints(
        max_length=8000,
        pattern=r"^(?:ssh-|sk-ssh-|ecdsa-|sk-ecdsa-)[^\s]+ [A-Za-z0-9+/=]+(?: [^\r\n]*)?$",
    ),
]


class CheckTable(Strict):
    """[check.NAME]"""

    command: Command = Field(description="the program and its arguments; never a shell line")
    timeout: float | int = Field(600, gt=0, le=86400, description="seconds until it is an error")
    env: Environment = Field({}, description="variables added to its environment")
    exclusive: bool = Field(False, description="never beside another check of the same attempt")


class SetupTable(Strict):
    """[worktree.setup]"""

    command: Command = Field(description="run once in each new worktree")
    timeout: float | int = Field(600, gt=0, le=86400, description="seconds until it failed")


class WorktreeTable(Strict):
    """[worktree]"""

    root: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = Field(
        None, description="where worktrees are made, from the repository's root"
    )
    copy_files: list[RelativePath] = Field(
        [], alias="copy", description="untracked files or folders copied into a new worktree"
    )
    link: list[RelativePath] = Field([], description="untracked files or folders linked into it")
    setup: SetupTable | None = Field(None, description="a command for each new worktree")
    env: Environment = Field({}, description="environment for workers and checks")
    push_every: float | int = Field(
        300, ge=0, le=86400,
        description="seconds between pushes during a turn, where machines share the repository; "
        "0 = at its end only",
    )  # fmt: skip


class CleanupTable(Strict):
    """[cleanup]"""

    save_ignored: list[RelativePath] = Field(
        [], description="globs of ignored files that are saved to a salvage ref before they go"
    )
    keep_pushed: float | int = Field(
        86_400, ge=0, le=31_536_000,
        description="seconds after its landing until a task's branch leaves a shared remote",
    )  # fmt: skip


class PlanTable(Strict):
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


class QueueTable(Strict):
    """[queue]"""

    target: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="the branch to land on; left out: orch-integration/RUN"
    )
    strategy: Literal["merge", "squash", "rebase"] = Field("merge", description="how work lands")
    batch: int = Field(4, ge=1, le=64, description="entries that are tested together")
    jobs: int = Field(1, ge=1, le=32, description="trials at once")
    checks: list[Name] | Literal["none"] = Field(
        [], description='checks of every landing beside the tasks\' own; "none": there is no CI'
    )
    profile: Name | None = Field(None, description="a profile whose checks every landing must pass")
    flake: Literal["accept", "approve", "reject"] = Field(
        "accept", description="a failure, then a pass on the same tree: what that is"
    )
    overtakes: int = Field(5, ge=1, le=1000, description="landings that may overtake an entry")
    failures: int = Field(3, ge=1, le=100, description="failures until quarantine")
    conflicts: int = Field(2, ge=1, le=100, description="conflicts until quarantine")
    backoff: float | int = Field(30, gt=0, le=900, description="seconds after an error, doubling")
    conflict: Literal["rework", "hold"] = Field(
        "rework", description="a conflict goes back to its owner, or waits for a person"
    )
    hermetic: bool = Field(False, description="remove ignored files before each trial too")
    union: list[Glob] = Field(
        [], description="files where a conflict keeps the lines of both sides, e.g. a changelog"
    )


class PolicyRuleTable(Strict):
    """[[policy.rule]]"""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="what people are told"
    )
    paths: list[Glob] = Field([], description="fires when a changed file fits one of these globs")
    when: list[Condition] = Field([], description="and all of these are so")
    min_lines: int = Field(0, ge=0, description="and at least this many lines change")
    min_files: int = Field(0, ge=0, description="and at least this many files change")
    min_deleted: int = Field(0, ge=0, description="and at least this many files are deleted")
    risk: Risk = Field("low", description="then the risk is at least this")
    approve: list[Approver] = Field([], description="and these must approve, one for each word")

    @model_validator(mode="after")
    def _says_when(self) -> "PolicyRuleTable":
        if not (self.paths or self.when or self.min_lines or self.min_files or self.min_deleted):
            raise ValueError("say when it fires: paths, when, min_lines, min_files, min_deleted")
        return self


class PolicyTable(Strict):
    """[policy]"""

    low: list[Approver] = Field([], description="who approves a landing of low risk")
    medium: list[Approver] = Field(["human"], description="who approves one of medium risk")
    high: list[Approver] = Field(["human"], description="who approves one of high risk")
    humans: list[Name] = Field([], description="the only names that count as people; none: any")
    proof: Literal["name", "terminal", "signature"] = Field(
        "name",
        description="what a person's word needs: a name; a terminal on standard input as well; "
        "a signature",
    )
    signers: dict[Name, Annotated[list[SshKey], Field(min_length=1, max_length=20)]] = Field(
        {}, description="ssh public keys by which people sign their approvals"
    )
    builtin: bool = Field(True, description="the built-in rules count too (guide/policy.md)")
    rule: list[PolicyRuleTable] = Field([], max_length=200, description="rules of your own")

    @model_validator(mode="after")
    def _can_be_signed(self) -> "PolicyTable":
        if self.proof == "signature" and not self.signers:
            raise ValueError('proof = "signature" needs [policy.signers]: NAME = ["ssh-…"]')
        strangers = sorted(set(self.signers) - set(self.humans)) if self.humans else []
        if strangers:
            raise ValueError(f"signers who are not among humans: {', '.join(strangers)}")
        return self


class ForgeAppTable(Strict):
    """[forge.app]"""

    id: int = Field(gt=0, description="the app's id")
    installation: int = Field(gt=0, description="its installation on the repository")
    key_file: Argument = Field(description="its private key, a file that only you can read (0600)")


class ForgeTable(Strict):
    """[forge]"""

    kind: Literal["github"] = Field(description="which forge")
    remote: Name = Field("origin", description="the git remote that is its repository")
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")] | None = Field(
        None, description="OWNER/NAME there; left out: as the remote's URL says"
    )
    land: Literal["local", "pull-request"] = Field(
        "local", description="whether tested work lands here, or waits as a pull request"
    )
    merge: Literal["merge", "squash", "rebase"] = Field(
        "merge", description="how orch pr merge merges"
    )
    labels: list[Argument] = Field([], max_length=20, description="labels of each pull request")
    token_command: list[Argument] = Field(
        [], max_length=20, description="prints a token; asked where GITHUB_TOKEN is not set"
    )
    app: ForgeAppTable | None = Field(None, description="log in as an app instead")


class OrchToml(Strict):
    """The whole file."""

    worktree: WorktreeTable = Field(
        default_factory=lambda: WorktreeTable.model_validate({}), description="new worktrees"
    )
    cleanup: CleanupTable = Field(
        default_factory=lambda: CleanupTable.model_validate({}), description="removing worktrees"
    )
    check: dict[Name, CheckTable] = Field({}, description="commands that verify work")
    profile: dict[Name, list[Name]] = Field({}, description="names for groups of checks")
    harness: dict[Name, HarnessTable] = Field(
        {}, description="agent clients for orch work: new ones, or changes to a preset's keys"
    )
    plan: PlanTable = Field(
        default_factory=lambda: PlanTable.model_validate({}), description="rules of orch plan lint"
    )

    notify: NotifyTable = Field(
        default_factory=lambda: NotifyTable.model_validate({}), description="telling people"
    )

    queue: QueueTable = Field(
        default_factory=lambda: QueueTable.model_validate({}), description="the merge queue"
    )
    drive: DriveTable = Field(
        default_factory=lambda: DriveTable.model_validate({}), description="how orch drive works"
    )
    forge: ForgeTable | None = Field(None, description="pull requests and issues on a forge")
    policy: PolicyTable | None = Field(
        None, description="who must approve a landing; left out: a person, always"
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> "OrchToml":
        unknown = [
            f"profile.{profile} names the unknown check {name!r}"
            for profile, names in self.profile.items()
            for name in names
            if name not in self.check
        ]
        unknown += [
            f"queue.checks names the unknown check {name!r}"
            for name in (self.queue.checks if isinstance(self.queue.checks, list) else [])
            if name not in self.check
        ]
        unknown += [
            f"drive.checks names the unknown check {name!r}"
            for name in self.drive.checks
            if name not in self.check
        ]
        if self.queue.profile is not None and self.queue.profile not in self.profile:
            unknown.append(f"queue.profile names the unknown profile {self.queue.profile!r}")
        if unknown:
            raise ValueError("; ".join(unknown))
        return self

    def config(self) -> Config:
        """Return it as the plain object that workflows use."""
        found = Config()
        found.worktree_root = self.worktree.root or ""
        found.copy = list(self.worktree.copy_files)
        found.link = list(self.worktree.link)
        found.save_ignored = list(self.cleanup.save_ignored)
        found.keep_pushed = float(self.cleanup.keep_pushed)
        found.environment = dict(self.worktree.env)
        found.push_every = float(self.worktree.push_every)
        if self.worktree.setup is not None:
            found.setup = list(self.worktree.setup.command)
            found.setup_timeout = float(self.worktree.setup.timeout)
        found.checks = {
            name: Check(name, list(c.command), float(c.timeout), dict(c.env), c.exclusive)
            for name, c in self.check.items()
        }
        found.profiles = {name: list(checks) for name, checks in self.profile.items()}
        found.plan = self._plan_policy()
        found.queue = self._queue_rules()
        found.forge = self._forge_rules()
        found.policy = self._landing_policy()
        found.harnesses = {
            name: table.model_dump(exclude_unset=True) for name, table in self.harness.items()
        }
        found.notify = self.notify.notify()
        found.drive = self.drive.written()
        return found

    def _plan_policy(self) -> PlanPolicy:
        found = PlanPolicy()
        given = self.plan.model_dump()
        found.levels = {rule: given[rule] for rule in PLAN_RULES}
        said = self.plan.model_fields_set
        found.binding = [r for r in PLAN_RULES if r in said and given[r] == "refuse"]
        return _filled(found, self.plan)

    def _queue_rules(self) -> QueueRules:
        given = self.queue
        found = _filled(QueueRules(), given)
        found.backoff_ms = int(given.backoff * 1000)
        names = list(given.checks) if isinstance(given.checks, list) else []
        names += self.profile[given.profile] if given.profile is not None else []
        found.checks = sorted(set(names))
        found.no_ci = given.checks == "none"
        return found

    def _forge_rules(self) -> ForgeRules:
        given = self.forge
        if given is None:
            return ForgeRules()
        found = _filled(ForgeRules(), given)
        if given.app is not None:
            found.app_id, found.app_installation = given.app.id, given.app.installation
            found.app_key_file = given.app.key_file
        return found

    def _landing_policy(self) -> Policy | None:
        if self.policy is None:
            return None
        given = self.policy
        found = _filled(Policy(), given)
        found.approvers = {
            "low": list(given.low), "medium": list(given.medium), "high": list(given.high)
        }  # fmt: skip
        found.rules = [PolicyRule(**rule.model_dump()) for rule in given.rule]
        return found


_V = TypeVar("_V", bound=Value)


def _filled(found: _V, given: BaseModel) -> _V:
    """Copy what both have by one name; what was left out (null) keeps its built-in value.

    tests/contract/config/test_config.py compares what is built in on both sides.
    """
    values = given.model_dump()
    for name in found._fields:
        if values.get(name) is not None:
            setattr(found, name, values[name])
    return found
