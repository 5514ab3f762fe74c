"""Every failure, its exit code, and what the caller should do: one table.

The CLI, docs/reference/failures.md and tests/contract/test_failures.py read it.
Adding a code or a reason? Add the row here; test_failures.py fails until a test
raises it through the CLI, and test_references.py until the docs are regenerated.
Imports nothing of ours: every package may raise from here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schema.steps import Step

# code: (exit status, retry the same command?, reasons, meaning)
# fmt: off
TABLE: "dict[str, tuple[int, str, tuple[str, ...], str]]" = {
    "no_matching_work": (10, "later", ("empty", "timeout"),
                         "nothing matched, or a wait ended"),
    "lease_conflict":   (20, "no", ("held", "superseded", "bad_token"),
                         "the lease is another's: stop working"),
    "invalid_input":    (30, "after fixing it", (
                             "flag", "json", "file", "value", "schema", "text",
                             "lint", "extra_missing"),
                         "bad or missing flag, bad JSON, unreadable file, unknown value"),
    "invalid_state":    (30, "after re-reading", (
                             "terminal", "no_lease", "already_yours", "owned_by_run", "abandoned",
                             "duplicate", "superseded", "not_ready", "dirty", "branch_exists",
                             "base_conflict", "closed", "cycle", "transition", "not_yet",
                             "unsupported", "no_change"),
                         "it exists, but the transition is not allowed"),
    "key_conflict":     (30, "no", ("other_arguments",),
                         "the same --key was used with other arguments"),
    "not_found":        (40, "no", ("store", "thread", "message", "artifact", "run", "task",
                                    "attempt", "dependency", "check", "salvage", "council", "entry",
                                    "repository", "request", "file", "machine"),
                         "no such thing"),
    "internal_error":   (50, "no", ("bug",),
                         "our bug; set ORCH_DEBUG=1 for the traceback"),
    "store_busy":       (60, "yes", ("locked",),
                         "the write lock could not be taken within the budget; nothing was done"),
    "store_error":      (70, "no", ("corrupt", "newer_schema", "older_schema", "full", "io",
                                    "readonly", "unsafe", "replaced", "outcome_unknown"),
                         "a person must look at the store"),
    "output_lost":      (75, "with the key", ("stdout",),
                         "committed, but stdout was closed or full"),
    "git_error":        (80, "depends", ("failed", "timeout", "missing"),
                         "git failed; its arguments and stderr are attached"),
    "refused":          (90, "no", (
                             "approval_required", "work_at_risk", "repo_tampered", "budget",
                             "unlanded", "check_failed", "check_error", "needs_people"),
                         "a rule said no"),
}
# fmt: on


class Failure(Exception):
    """One refusal, as the protocol words it.

    `code` and `reason` are checked against TABLE, so a typo cannot reach a user.
    `details` holds JSON-able scalars and lists; `data` is a ready JSON text that a
    wait without a match carries beside the error. `next` are the commands that help, `hint` is
    what is to be said beside them.
    """

    __slots__ = ("code", "data", "details", "hint", "message", "next", "reason")

    def __init__(
        self,
        code: str,
        reason: str,
        message: str,
        *,
        hint: str = "",
        details: "Mapping[str, object] | None" = None,
        data: str | None = None,
        next: "Iterable[Step]" = (),
    ) -> None:
        assert reason in TABLE[code][2], (code, reason)
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.hint = hint
        self.details = dict(details or {})
        self.data = data
        self.next = tuple(next)

    @property
    def exit(self) -> int:
        """The process exit status of this failure's code."""
        return TABLE[self.code][0]

    @property
    def advice(self) -> str:
        """What helps, in one line: the hint, then the commands; "" when nothing is known to."""
        return advice(self.hint, self.next)

    @property
    def retry(self) -> str:
        """Whether running the same command again can help."""
        return TABLE[self.code][1]


def advice(hint: str, steps: "tuple[Step, ...]") -> str:
    """Return what helps in one line: words, then commands; those of git come in their order."""
    in_order = bool(steps) and steps[0].argv[0] == "git"  # Others are alternatives.
    commands = (", then " if in_order else "; ").join(step.line for step in steps)
    return ": ".join(filter(None, [hint, commands]))


def invalid_input(
    message: str, *, reason: str = "value", hint: str = "", next: "Iterable[Step]" = ()
) -> Failure:
    """Return the failure for an argument that has to be mended first."""
    return Failure("invalid_input", reason, message, hint=hint, next=next)


def not_found(
    kind: str,
    name: str,
    *,
    near: "Iterable[str]" = (),
    hint: str = "",
    next: "Iterable[Step]" = (),
) -> Failure:
    """Return the failure for a `kind` that does not exist, with near names as the hint."""
    close = [n for n in near if n != name]
    if close and not hint:
        hint = "did you mean " + " or ".join(close[:3]) + "?"
    return Failure(
        "not_found", kind, f"no {kind} {name!r}", hint=hint, next=next,
        details={"name": name, "near": close},
    )  # fmt: skip
