"""The planner's values: what it is told and what it decides; JSON in `queue_pass`, for replay.

Everything here is a value: a snapshot read in one transaction, and the steps decided from it.
Nothing in it may come from a clock, a file or git while the planner runs.
"""

from dataclasses import dataclass

from orch.machines import ENTRY

PLANNER = "queue-plan/2"  # Rises when the same snapshot could lead to other steps.

MERGE, SQUASH, REBASE = "merge", "squash", "rebase"
STRATEGIES = (MERGE, SQUASH, REBASE)

# Statuses in which an entry may still be put on a chain, in which it waits for a person, and final.
MOVING = ENTRY.moving
STOPPED = ENTRY.stopped
FINAL = ENTRY.over


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """One open entry. `order_no` is its arrival (event id); times are ms on the wall clock.

    `needs` are open entries of the same queue that must land first; `waits_for` says in words
    what else must happen first (a dependency that nobody queued, held, or failed). `approval`
    is "granted", "needed", "rejected"; `approvers` names what is missing, in words. `checks` are
    what its candidate must pass, sorted, as name@digest of command and environment. `solo`:
    never in a batch with others (high risk).
    """

    entry_no: int
    name: str
    kind: str
    head: str
    strategy: str
    priority: int
    rank: int
    order_no: int
    status: str
    checks: tuple[str, ...]
    paths: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()
    waits_for: tuple[str, ...] = ()
    approval: str = "granted"
    approvers: tuple[str, ...] = ()
    bounces: int = 0
    overtaken: int = 0
    failures: int = 0
    conflicts: int = 0
    errors: int = 0
    flakes: int = 0
    not_before: int = 0
    solo: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Entry `entry_no` put on top of commit `onto`: a commit with its tree, or a conflict."""

    onto: str
    entry_no: int
    commit: str = ""
    tree: str = ""
    files: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether there is a commit."""
        return bool(self.commit)


@dataclass(frozen=True, slots=True)
class Trials:
    """Every finished trial of one tree under one set of checks, oldest first.

    Each of `ends` is "passed", "failed" or "error"; interrupted ones are left out. `numbers` are
    their trial numbers: which of two trials, of whatever trees, was the earlier one.
    """

    tree: str
    checks: tuple[str, ...]
    ends: tuple[str, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The queue's policy, from `[queue]` of orch.toml and the command line.

    `flake`: what a failure followed by a pass on the same tree means: accept, approve, reject.
    """

    batch: int = 4
    jobs: int = 1
    overtakes: int = 5
    failures: int = 3
    conflicts: int = 2
    backoff_ms: int = 30_000
    flake: str = "accept"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one pass knows. `tip` and `tip_tree` are the target's commit and its tree.

    A prefix of a chain must pass the union of its entries' checks; a suspect's failure counts
    only if the target's own tree passes the same ones after that failure.
    `hold_reason` is "" unless the queue is stopped: by a red target (then
    `hold_tree` is the tree that failed) or by a person (then `hold_tree` is "").
    """

    now: int
    target: str
    tip: str
    tip_tree: str
    window: int
    entries: tuple[OpenEntry, ...]
    links: tuple[Link, ...]
    trials: tuple[Trials, ...]
    limits: Limits
    hold_reason: str = ""
    hold_tree: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """Put these entries, in order, on top of `onto`; stop at none: a conflict leaves the chain."""

    onto: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """Run the checks `checks` on `commit`, whose tree is `tree`; `purpose` as in `trial`.

    `entries` are those on the chain up to `commit`, in order: the companions.
    """

    commit: str
    tree: str
    checks: tuple[str, ...]
    purpose: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Move an entry by `event` of the ENTRY machine, with the reason that people are told.

    `count` names the counter that rises: "", "failures", "conflicts", "errors", "flakes".
    `not_before` is 0 or when it may be tried again.
    """

    entry_no: int
    event: str
    reason: str = ""
    count: str = ""
    not_before: int = 0
    companions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """From now on at most so many entries go into one batch."""

    size: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop the whole queue: the target's own tree fails; nobody is to blame."""

    reason: str
    tree: str


@dataclass(frozen=True, slots=True)
class Unhold:
    """The queue goes on: the target moved, or its tree passed after all."""


@dataclass(frozen=True, slots=True)
class Land:
    """Move the target from `onto` to `commit`, whose tree `tree` was tested.

    `entries` land by it, in order; `overtaken` are those that were queued earlier and are
    left behind, whose counter rises.
    """

    onto: str
    commit: str
    tree: str
    entries: tuple[int, ...]
    overtaken: tuple[int, ...] = ()


Step = Build | Test | Move | Window | Hold | Unhold | Land


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass does, in order, and for each open entry why it is where it is.

    After its steps the pass reads a new snapshot and plans again; no step: nothing can be done
    now. `order` is the landing order of what may move; `why` maps every open entry to one
    sentence. `wake_at` is when something may change by itself (backoff), 0 for never.
    """

    steps: tuple[Step, ...]
    order: tuple[int, ...]
    why: tuple[tuple[int, str], ...]
    wake_at: int = 0
