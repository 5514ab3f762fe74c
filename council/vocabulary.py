"""The closed vocabularies of a council: roles, modes, levels, what a finding may be called.

Guarantees: importing this loads no pydantic, so that starting a council and waiting for one
cost no more than dispatching a task. A role is published as the name of the agent that it is
dispatched to unless told otherwise; reviewers may leave the suffix away (`role_of`).
"""

from typing import Literal, get_args

Role = Literal["architecture-reviewer", "implementation-reviewer", "risk-reviewer"]
Mode = Literal["brainstorm", "code-review", "plan-review"]
Similarity = Literal["normal", "strict"]
Action = Literal[
    "add", "remove", "replace", "increase", "decrease", "keep", "defer", "fix", "reorder", "clarify"
]
Severity = Literal["critical", "high", "medium", "low"]
Position = Literal["approve", "revise", "block", "abstain"]
Level = Literal["consensus", "majority", "minority"]
Strength = Literal["strong", "weak"]
Status = Literal["complete", "partial", "insufficient", "failed"]
Verdict = Literal["block", "revise", "approve", "split", "none"]
Vote = Literal["agree", "dispute", "unsure"]
Standing = Literal["upheld", "contested", "refuted", "silent"]
CrossState = Literal["done", "pending", "none"]
AnswerState = Literal["answered", "failed", "cancelled", "unreadable", "unfinished"]
ParseMode = Literal["raw", "envelope", "object", "fence", "mended"]
Flag = Literal[
    "action_unknown",
    "confidence_unknown",
    "field_unread",
    "location_unverified",
    "not_cross_examined",
    "own_duplicate",
    "severity_unknown",
    "shortened",
    "uniform_votes",
    "verdict_mismatch",
    "verdict_unknown",
    "withdrawn",
]

ROLES: tuple[Role, ...] = get_args(Role)
MODES: tuple[Mode, ...] = get_args(Mode)
LEVELS: tuple[Level, ...] = get_args(Level)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
VOTES: tuple[Vote, ...] = get_args(Vote)

LENSES: dict[Role, str] = {
    "architecture-reviewer": "boundaries, interfaces, and how the parts compose",
    "implementation-reviewer": "simplicity, duplication, maintainability, practicality",
    "risk-reviewer": "correctness, regressions, security, operability",
}

# What each mode offers a reviewer. Of actions a tally takes the union; categories are advice, any
# word is kept and compared.
ACTIONS: dict[Mode, tuple[Action, ...]] = {
    "brainstorm": ("add", "remove", "replace", "increase", "decrease", "keep", "defer"),
    "code-review": ("add", "remove", "replace", "increase", "decrease", "keep", "defer", "fix"),
    "plan-review": get_args(Action),
}
# fmt: off
CATEGORIES: dict[Mode, tuple[str, ...]] = {
    "brainstorm": ("architecture", "experience", "feature", "interface", "operability",
                   "performance", "reliability", "security", "simplicity"),
    "code-review": ("concurrency", "correctness", "data", "error-handling", "interface",
                    "maintainability", "operability", "performance", "security", "tests"),
    "plan-review": ("clarity", "dependency", "estimate", "order", "risk", "rollback", "scope",
                    "verification"),
}
# fmt: on

ROLE_SUFFIX = "-reviewer"
MAX_FINDINGS = 50
DEFAULT_QUORUM = 2
# The brief's example: a finding that still has this title is no finding.
EXAMPLE_TITLE = "EXAMPLE: replace this with one problem in one line"


def role_of(name: str) -> str:
    """Return the published spelling of a role: `risk` is `risk-reviewer`. Checks nothing."""
    return name if name.endswith(ROLE_SUFFIX) else name + ROLE_SUFFIX
