"""Values of orch.toml, plain and with their defaults; nothing here reads a file."""

from orch.forge.rules import ForgeRules
from schema.value import Value, own

PLAN_RULES = ("overlap", "budget", "acceptance", "checks", "orphans")
APPROVERS = ("human", "council", "reviewer")
# What a person's word rests on, the weakest first; "leader" is nobody's but the leader's.
PROOFS = ("leader", "name", "terminal", "signature")


class Check(Value):
    """One command whose exit status 0 means passed. `timeout` is in seconds."""

    name: str
    command: list[str]
    timeout: float
    environment: dict[str, str]
    exclusive: bool


class PlanPolicy(Value):
    """What `orch plan lint` asks: a level for each rule, budgets of one task (0: none).

    `binding` are the rules that the file itself sets to refuse: a plan that breaks one of them is
    not applied. What is built in is advice.
    """

    levels: dict[str, str] = own(factory=lambda: dict.fromkeys(PLAN_RULES, "refuse"))
    binding: list[str] = own(factory=list)
    max_files: int = 100
    max_bytes: int = 1024 * 1024
    max_minutes: int = 480
    default_minutes: int = 30


class QueueRules(Value):
    """How the merge queue works. `backoff_ms` is the first wait after an error.

    `no_ci`: the project says that it has no checks, so that their absence is no risk.
    """

    target: str = ""
    strategy: str = "merge"
    batch: int = 4
    jobs: int = 1
    checks: list[str] = own(factory=list)
    flake: str = "accept"
    overtakes: int = 5
    failures: int = 3
    conflicts: int = 2
    backoff_ms: int = 30_000
    conflict: str = "rework"
    hermetic: bool = False
    no_ci: bool = False
    union: list[str] = own(factory=list)


class PolicyRule(Value):
    """One rule of the policy: when all that it names is so, at least this risk and approvers."""

    name: str
    paths: list[str] = own(factory=list)
    when: list[str] = own(factory=list)
    min_lines: int = 0
    min_files: int = 0
    min_deleted: int = 0
    risk: str = "low"
    approve: list[str] = own(factory=list)

    def document(self) -> dict[str, object]:
        """Return it as JSON-able values."""
        return {name: getattr(self, name) for name in sorted(self._fields)}


class Policy(Value):
    """Who approves what. `approvers` maps each risk to the kinds that are needed, one for each.

    `proof` is what a person's word needs; `signers` maps names to their public keys.
    """

    approvers: dict[str, list[str]] = own(
        factory=lambda: {"low": [], "medium": ["human"], "high": ["human"]}
    )
    humans: list[str] = own(factory=list)
    builtin: bool = True
    rules: list[PolicyRule] = own(factory=list)
    proof: str = "name"
    signers: dict[str, list[str]] = own(factory=dict)

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


class Notify(Value):
    """How people are told what needs them; seconds. `ntfy_env`, `webhook_env` name variables."""

    command: list[str] = own(factory=list)
    desktop: bool = False
    ntfy_env: str = ""
    webhook_env: str = ""
    on: list[str] = own(factory=lambda: ["need", "done"])
    after: float = 10.0
    remind: list[float] = own(factory=lambda: [1800.0, 7200.0])
    text: bool = False
    quiet_while_watched: bool = True

    @property
    def channels(self) -> list[str]:
        """The ways out that are configured."""
        given = {
            "command": self.command, "desktop": self.desktop, "ntfy": self.ntfy_env,
            "webhook": self.webhook_env,
        }  # fmt: skip
        return [name for name, value in given.items() if value]


class Config(Value):
    """What orch.toml says; the defaults where there is none. `source`: by what it is known."""

    source: str = ""
    worktree_root: str = ""
    copy: list[str] = own(factory=list)
    link: list[str] = own(factory=list)
    save_ignored: list[str] = own(factory=list)
    setup: list[str] = own(factory=list)
    setup_timeout: float = 600.0
    environment: dict[str, str] = own(factory=dict)
    push_every: float = 300.0
    keep_pushed: float = 86_400.0
    checks: dict[str, Check] = own(factory=dict)
    profiles: dict[str, list[str]] = own(factory=dict)
    plan: PlanPolicy = own(factory=PlanPolicy)
    queue: QueueRules = own(factory=QueueRules)
    forge: ForgeRules = own(factory=ForgeRules)
    policy: Policy | None = None  # None: a person approves everything.
    notify: Notify = own(factory=Notify)
    # As written: orch/harness/config.py reads the one, orch/config/drive_policy.py the other.
    harnesses: dict[str, dict[str, object]] = own(factory=dict)
    drive: dict[str, object] = own(factory=dict)
