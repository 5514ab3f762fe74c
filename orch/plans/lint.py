"""The rules of `orch plan lint`: can the tasks be done apart from each other, and be judged?

Pure: takes the picture of the run as it would be after the plan, returns findings.
"""

from orch import paths
from orch.plans import document, graph
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orch.config.model import PlanPolicy
    from orch.plans.document import Problem
    from orch.plans.parse import PlanReading

MAX_OVERLAPS = 200
_WILD = frozenset("*?")


class PlannedTask(Value):
    """A task as it would be once the plan is applied.

    `over` is a status that ends it, else "". `planned` says that the plan names it: only such
    tasks are judged, the others are what they are judged against.
    """

    task_id: str
    planned: bool = True
    over: str = ""
    waits_for: list[str] = own(factory=list)
    locks: list[str] = own(factory=list)
    allowed: list[str] = own(factory=list)
    accepted: bool = False
    checked: bool = False
    mode: str | None = None
    minutes: int = 0


class Finding(Value):
    """What a rule found. `level` is refuse or warn; `field` is where in the task to mend it."""

    rule: str
    level: str
    task_id: str
    field: str
    message: str


def find(
    work: "dict[str, PlannedTask]", policy: "PlanPolicy", files: "Sequence[tuple[str, int]] | None"
) -> list[Finding]:
    """Return what the rules find; `files` are (path, bytes) of the repository, if there is one."""
    judged = [one for one in work.values() if one.planned and not one.over]
    steps: dict[str, Iterator[tuple[str, str, str]]] = {
        "overlap": _overlaps({name: one for name, one in work.items() if not one.over}),
        "budget": _budgets(judged, policy, files),
        "acceptance": _unaccepted(judged),
        "checks": _unchecked(judged),
        "orphans": _orphans(judged, work),
    }
    return [
        Finding(rule, policy.levels[rule], *step)
        for rule, found in steps.items()
        if policy.levels[rule] != "off"
        for step in found
    ]


def binding(
    work: "dict[str, PlannedTask]", policy: "PlanPolicy", files: "Sequence[tuple[str, int]] | None"
) -> list[Finding]:
    """Return what breaks a rule that orch.toml itself sets to refuse: no such plan is applied."""
    found = find(work, policy, files) if policy.binding else []
    return [one for one in found if one.level == "refuse" and one.rule in policy.binding]


def problem(reading: "PlanReading", finding: Finding) -> "Problem":
    """Return a finding with the place where it is to be mended."""
    place = (*reading.places[finding.task_id], finding.field)
    line = reading.document.line(place)
    return document.Problem(
        line, document.shown(place), finding.message, finding.task_id, finding.rule
    )


def _overlaps(work: "dict[str, PlannedTask]") -> "Iterator[tuple[str, str, str]]":
    """Yield pairs that may run at the same time and own the same files, each pair once."""
    bit, before = graph.reach({name: one.waits_for for name, one in work.items()})
    told: set[tuple[str, str]] = set()
    for mine, theirs in _neighbours(work):
        pair = (min(mine[0], theirs[0]), max(mine[0], theirs[0]))
        if pair in told or not _may_meet(work[pair[0]], work[pair[1]]):
            continue
        in_order = before[pair[0]] & bit[pair[1]] or before[pair[1]] & bit[pair[0]]
        if in_order or not paths.overlap(mine[1], theirs[1]):
            continue
        told.add(pair)
        (one, glob), (other, its) = (mine, theirs) if work[mine[0]].planned else (theirs, mine)
        message = (
            f"{glob} overlaps {its} of {other}, and both may run at the same time: let one wait "
            "for the other, share a lock, or own less"
        )
        yield one, "allowed_paths", message
        if len(told) >= MAX_OVERLAPS:
            return


def _neighbours(
    work: "dict[str, PlannedTask]",
) -> "Iterator[tuple[tuple[str, str], tuple[str, str]]]":
    """Yield two (task, glob) where the second glob begins with the first one's folders."""
    globs = sorted(
        (_literal_head(glob), glob, name) for name, one in work.items() for glob in one.allowed
    )
    for i, (head, glob, name) in enumerate(globs):
        for j in range(i + 1, len(globs)):
            other_head, other_glob, other = globs[j]
            if other_head[: len(head)] != head:
                break  # Sorted: nothing behind this one begins with the same folders.
            if other != name:
                yield (name, glob), (other, other_glob)


def _may_meet(one: PlannedTask, other: PlannedTask) -> bool:
    """Say whether the plan is about one of the two, and no lock keeps them apart."""
    return (one.planned or other.planned) and not set(one.locks) & set(other.locks)


def _literal_head(glob: str) -> tuple[str, ...]:
    """Return the folders of a glob before its first pattern: globs overlap only along these."""
    head: list[str] = []
    for part in glob.split("/"):
        if _WILD & set(part):
            break
        if part not in ("", "."):
            head.append(part)
    return tuple(head)


def _budgets(
    judged: "list[PlannedTask]", policy: "PlanPolicy", files: "Sequence[tuple[str, int]] | None"
) -> "Iterator[tuple[str, str, str]]":
    for one in judged:
        owned = []
        if files is not None and one.allowed:
            owned = [size for path, size in files if any(paths.fits(path, g) for g in one.allowed)]
        for field, spent, budget, what in (
            ("estimate_min", one.minutes, policy.max_minutes, "minutes are"),
            ("allowed_paths", len(owned), policy.max_files, "files of its own are"),
            ("allowed_paths", sum(owned), policy.max_bytes, "bytes of its own are"),
        ):
            if budget and spent > budget:
                yield one.task_id, field, f"{spent} {what} over the budget of {budget}: split it"


def _unaccepted(judged: "list[PlannedTask]") -> "Iterator[tuple[str, str, str]]":
    for one in judged:
        if not one.accepted:
            yield one.task_id, "acceptance", "it does not say what counts as done: add acceptance"


def _unchecked(judged: "list[PlannedTask]") -> "Iterator[tuple[str, str, str]]":
    message = "no check judges its work: add required_checks or a check_profile"
    for one in judged:
        if not one.checked and one.mode != "analysis":
            yield one.task_id, "required_checks", message


def _orphans(
    judged: "list[PlannedTask]", work: "dict[str, PlannedTask]"
) -> "Iterator[tuple[str, str, str]]":
    for one in judged:
        for other in one.waits_for:
            if work[other].over == "cancelled":
                message = f"it waits for {other}, which is cancelled: it would never start"
                yield one.task_id, "dependencies", message
