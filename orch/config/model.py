"""What orch.toml says, as plain values with their defaults; nothing here reads a file."""

from orch.forge.rules import ForgeRules

PLAN_RULES = ("overlap", "budget", "acceptance", "checks", "orphans")
APPROVERS = ("human", "council", "reviewer")
# What a rule of the policy can ask of a landing (orch/landing/change_facts.py and policy.py).
# What a person's word rests on, the weakest first; "leader" is nobody's but the leader's.
PROOFS = ("leader", "name", "terminal", "signature")
CONDITIONS = (
    "secrets", "waived_checks", "gitlinks", "scope", "ci", "machine_resolved", "dependencies",
    "modes", "flaky",
)  # fmt: skip


class Check:
    """One command whose exit status 0 means passed. `timeout` is in seconds."""

    __slots__ = ("command", "environment", "exclusive", "name", "timeout")

    def __init__(
        self,
        name: str,
        command: list[str],
        timeout: float,
        environment: dict[str, str],
        exclusive: bool,
    ) -> None:
        self.name = name
        self.command = command
        self.timeout = timeout
        self.environment = environment
        self.exclusive = exclusive


class PlanPolicy:
    """What `orch plan lint` asks: a level for each rule, budgets of one task (0: none).

    `binding` are the rules that the file itself sets to refuse: a plan that breaks one of them is
    not applied. What is built in is advice.
    """

    __slots__ = ("binding", "default_minutes", "levels", "max_bytes", "max_files", "max_minutes")

    def __init__(self) -> None:
        self.levels = dict.fromkeys(PLAN_RULES, "refuse")
        self.binding: list[str] = []
        self.max_files = 100
        self.max_bytes = 1024 * 1024
        self.max_minutes = 480
        self.default_minutes = 30


class QueueRules:
    """How the merge queue works. `backoff_ms` is the first wait after an error.

    `no_ci`: the project says that it has no checks, so that their absence is no risk.
    """

    __slots__ = (
        "backoff_ms", "batch", "checks", "conflict", "conflicts", "failures", "flake", "hermetic",
        "jobs", "no_ci", "overtakes", "strategy", "target", "union",
    )  # fmt: skip

    def __init__(self) -> None:
        self.target = ""
        self.strategy = "merge"
        self.batch = 4
        self.jobs = 1
        self.checks: list[str] = []
        self.flake = "accept"
        self.overtakes = 5
        self.failures = 3
        self.conflicts = 2
        self.backoff_ms = 30_000
        self.conflict = "rework"
        self.hermetic = False
        self.no_ci = False
        self.union: list[str] = []


class PolicyRule:
    """One rule of the policy: when all that it names is so, at least this risk and approvers."""

    __slots__ = (
        "approve",
        "min_deleted",
        "min_files",
        "min_lines",
        "name",
        "paths",
        "risk",
        "when",
    )

    def __init__(
        self,
        name: str,
        *,
        paths: "list[str] | None" = None,
        when: "list[str] | None" = None,
        min_lines: int = 0,
        min_files: int = 0,
        min_deleted: int = 0,
        risk: str = "low",
        approve: "list[str] | None" = None,
    ) -> None:
        self.name = name
        self.paths = paths or []
        self.when = when or []
        self.min_lines = min_lines
        self.min_files = min_files
        self.min_deleted = min_deleted
        self.risk = risk
        self.approve = approve or []

    def document(self) -> dict[str, object]:
        """Return it as JSON-able values."""
        return {name: getattr(self, name) for name in self.__slots__}


class Policy:
    """Who approves what. `approvers` maps each risk to the kinds that are needed, one for each.

    `proof` is what a person's word needs; `signers` maps names to their public keys.
    """

    __slots__ = ("approvers", "builtin", "humans", "proof", "rules", "signers")

    def __init__(self) -> None:
        self.approvers: dict[str, list[str]] = {
            "low": [], "medium": ["human"], "high": ["human"]
        }  # fmt: skip
        self.humans: list[str] = []
        self.builtin = True
        self.rules: list[PolicyRule] = []
        self.proof = "name"
        self.signers: dict[str, list[str]] = {}

    def document(self) -> dict[str, object]:
        """Return it as JSON-able values."""
        found: dict[str, object] = {
            "approvers": self.approvers,
            "humans": self.humans,
            "builtin": self.builtin,
            "rules": [rule.document() for rule in self.rules],
        }
        if self.proof != "name" or self.signers:  # Else its digest is what it always was.
            found |= {"proof": self.proof, "signers": self.signers}
        return found


class Notify:
    """How people are told what needs them; seconds. `ntfy_env`, `webhook_env` name variables."""

    __slots__ = (
        "after", "command", "desktop", "ntfy_env", "on", "quiet_while_watched", "remind", "text",
        "webhook_env",
    )  # fmt: skip

    def __init__(self) -> None:
        self.command: list[str] = []
        self.desktop = False
        self.ntfy_env = ""
        self.webhook_env = ""
        self.on = ["need", "done"]
        self.after = 10.0
        self.remind: list[float] = [1800.0, 7200.0]
        self.text = False
        self.quiet_while_watched = True

    @property
    def channels(self) -> list[str]:
        """The ways out that are configured."""
        given = {
            "command": self.command, "desktop": self.desktop, "ntfy": self.ntfy_env,
            "webhook": self.webhook_env,
        }  # fmt: skip
        return [name for name, value in given.items() if value]


class Config:
    """What orch.toml says; the defaults where there is none. `source`: by what it is known."""

    __slots__ = (
        "checks", "copy", "drive", "environment", "forge", "harnesses", "link", "notify", "plan",
        "policy", "profiles", "queue", "save_ignored", "setup", "setup_timeout", "source",
        "worktree_root",
    )  # fmt: skip

    def __init__(self) -> None:
        self.source = ""
        self.worktree_root = ""
        self.copy: list[str] = []
        self.link: list[str] = []
        self.save_ignored: list[str] = []
        self.setup: list[str] = []
        self.setup_timeout = 600.0
        self.environment: dict[str, str] = {}
        self.checks: dict[str, Check] = {}
        self.profiles: dict[str, list[str]] = {}
        self.plan = PlanPolicy()
        self.queue = QueueRules()
        self.forge = ForgeRules()
        self.policy: Policy | None = None  # None: a person approves everything.
        self.harnesses: dict[str, dict[str, object]] = {}  # As written; orch.harness.config reads.
        self.notify = Notify()
        self.drive: dict[str, object] = {}  # As written; orch/config/drive_policy.py merges.
