"""The board as rows of four panes: pure. A document is what `orch top --json` publishes."""

from collections import Counter
from datetime import datetime

from inbox.operations.claims import CLAIMED
from orch.cli.board.screen import OF_STATUS
from orch.machines import ENTRY
from orch.reports.style import STATUSES
from orch.steps.model import read, say
from orch.steps.urgency import of_need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from schema.steps import Step

    Identity = tuple[str, str, str, str]

PANES = {"needs": "NEEDS YOU", "work": "AT WORK", "next": "NEXT", "landed": "LANDED"}
# status of an entry on its way: in words.
_ON_ITS_WAY = {
    "queued": "waits to land", "building": "is put on top", "testing": "is tested",
    "passed": "tested", "landing": "lands", "awaiting_approval": "waits for approval",
    "awaiting_forge": "waits for its forge", "conflict": "does not merge",
    "failed": "failed its test",
}  # fmt: skip
# Work of these is on its target, or goes there no more.
_OVER = (None, "landed", "nothing_to_land", *ENTRY.over)
_OF_CHECK = {"passed": "✓", "failed": "✗", "error": "!", "pending": "…"}


class Row:
    """One line of a pane: what it is about, how it reads, and the command that Enter gives.

    `task` is "" where a whole run is meant; `status` is what `status:…` filters by; `is_paused`
    says so of its run, `is_review` that others' work is read there; `detail` is who tries it for
    which time; `lines` are those that it added and removed, None where nobody knows; `label` names
    it on the screen; `at` is the moment that stands for its age.
    """

    __slots__ = (
        "at", "detail", "is_paused", "is_review", "label", "lines", "pane", "run", "sign", "since",
        "status", "steps", "style", "task", "text", "what",
    )  # fmt: skip

    def __init__(
        self,
        pane: str,
        run: str,
        task: str,
        sign: str,
        style: str,
        what: str,
        text: str,
        since: str,
        steps: "Iterable[Step]",
        status: str,
    ) -> None:
        self.at = self.detail = ""
        self.label = f"{run}/{task}" if task else run
        self.lines: tuple[int, int] | None = None
        self.is_paused = self.is_review = False
        self.pane, self.run, self.task = pane, run, task
        self.sign, self.style, self.what, self.text = sign, style, what, text
        self.since, self.steps, self.status = since, list(steps), status

    @property
    def name(self) -> str:
        """R/T, or the run's id."""
        return f"{self.run}/{self.task}" if self.task else self.run

    @property
    def identity(self) -> "Identity":
        """What stays the same while the row goes on: where the cursor stays."""
        kind = self.status if self.pane == "needs" else ""
        return self.pane, self.run, self.task, kind


def cursor_after(
    cursor: "Identity | None", before: "list[Identity]", found: list[Row]
) -> "Identity | None":
    """Return where the cursor is when the rows are others than `before`.

    Guarantees: it goes with its task, so that a key pressed meanwhile is about nothing else; where
    that is gone, it stays at its place.
    """
    if not found:
        return None
    if cursor is None:
        return found[0].identity
    own = [row.identity for row in found if (row.run, row.task) == cursor[1:3]]
    if own:
        return next((one for rank in (4, 1) for one in own if one[:rank] == cursor[:rank]), own[0])
    at = before.index(cursor) if cursor in before else 0
    return found[min(at, len(found) - 1)].identity


def rows(document: "dict[str, Any]") -> "list[Row]":
    """Return the rows of all panes, those that need a person first."""
    found = [_need(one) for one in document["needs"]]
    owed = {(row.run, row.task) for row in found}
    driven = {run["run_id"] for run in document["runs"] if run["driver_pid"]}
    at_work = [one for one in document["at_work"] if _key(one) not in owed]
    found += [_work(one, is_driven=one["run_id"] in driven) for one in at_work]
    moving = [one for one in document["done"] if one["landing"] not in _OVER]
    ways = Counter(one["landed_on"] for one in moving)
    found += [_on_its_way(one, ways[one["landed_on"]]) for one in moving if _key(one) not in owed]
    found += [_again(one, document["at"]) for one in document["again"]]
    found += [_next(one) for one in document["ready"]]
    over = [one for one in document["done"] if one["landing"] in _OVER]
    found += [_landed(one) for one in over if one["landed_commit"] or _key(one) not in owed]
    paused = {run["run_id"] for run in document["runs"] if run["paused"]}
    tried = {_key(one): one for one in (*document["at_work"], *document["again"])}
    for row in found:
        row.is_paused = row.run in paused
        one = tried.get((row.run, row.task))
        if one is not None:
            row.detail = _detail(one, document["at"])
    return _with_reviews(document, found)


def _with_reviews(document: "dict[str, Any]", found: "list[Row]") -> "list[Row]":
    """Put what happens in a review's run under the task that is reviewed, where that is shown."""
    of = {run["run_id"]: run["review_of"] for run in document["runs"] if run["review_of"]}
    if not of:
        return found
    under: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        if row.run in of:
            row.is_review = True
            row.label = f"↳ {row.task or row.run}"
            under.setdefault((row.pane, of[row.run]), []).append(row)
    ordered: list[Row] = []
    for row in found:
        if row.run not in of:
            ordered += [row, *under.pop((row.pane, row.name), [])]
    for (_, about), left in under.items():  # Its task is in another pane.
        for row in left:
            row.label = f"{about} ↳ {row.task}"
        ordered += left
    return sorted(ordered, key=lambda row: list(PANES).index(row.pane))


def own_runs(document: "dict[str, Any]") -> "list[dict[str, Any]]":
    """Return the runs that have a line of their own: no review of a task of another one."""
    every = {run["run_id"] for run in document["runs"]}
    return [
        run
        for run in document["runs"]
        if not run["review_of"] or run["review_of"].split("/")[0] not in every
    ]


def _detail(one: "dict[str, Any]", now: str) -> str:
    """Return which attempt it is, by whom, for how long, at what cost."""
    by = f" by {one['who']}" if one.get("claimed", True) else f", for {one['who']}"
    told = f"attempt {one['attempt_no']} of {one['max_attempts']}{by}"
    told += f", {spell(seconds_between(one['begun_at'], now))}" if "begun_at" in one else ""
    return told + (f", ${one['cost_usd']:.2f}" if one["cost_usd"] else "")


def seconds_between(since: str, until: str) -> int:
    """Return the seconds between two published moments."""
    span = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return int(span.total_seconds())


def spell(seconds: int) -> str:
    """Return a length of time in the largest unit that says enough."""
    seconds = max(0, seconds)
    for unit, length in (("d", 172_800), ("h", 7200), ("min", 100)):
        if seconds >= length:
            return f"{seconds // _LENGTHS[unit]} {unit}"
    return f"{seconds} s"


_LENGTHS = {"d": 86_400, "h": 3600, "min": 60}


def _key(one: "dict[str, Any]") -> "tuple[str, str]":
    return one["run_id"], one["task_id"] or ""


def _need(one: "dict[str, Any]") -> Row:
    kind, text = one["kind"], one["text"]
    if kind == "landing" and text.startswith(_AWAITED):
        kind = "approval"
        text = text.removeprefix(_AWAITED).removeprefix(": ")
    sign, style, words = of_need(kind)
    what = f"{one['who']} {words}" if kind == "question" else words
    return Row("needs", one["run_id"], one["task_id"] or "", sign, style, what, text,
               one["since"], read(one["command"]), kind)  # fmt: skip


_AWAITED = "awaiting_approval"


def _work(one: "dict[str, Any]", *, is_driven: bool) -> Row:
    name = f"{one['run_id']}/{one['task_id']}"
    sign, status = STATUSES[one["status"]][0], one["status"]
    turn = f" turn {one['turn_no']}" if one["turn_no"] else ""
    where = f" on {one['machine']}" if one.get("machine") else ""
    what = f"{one['who']}{where}{turn}" if one["claimed"] else f"for {one['who']}"
    said = one["last_message"] if one["last_message"] != CLAIMED else ""
    words = one["doing"] or said or one["title"]
    if status == "verifying":
        what = "checks"
        checks = [f"{each['check']} {_OF_CHECK[each['status']]}" for each in one["checks"]]
        words = "  ".join(checks) or words
    if status == "blocked" and one["answered"]:
        words = "answered, not continued yet"
    is_begun = one["harness"] is not None
    step = say("logs", name) if is_begun else say("trace", name)
    if status == "dispatched" and not (one["claimed"] or is_driven):
        step = _worker(one["who"])
    row = Row("work", one["run_id"], one["task_id"], sign, OF_STATUS[status], what, words,
              one["since"], [step], status)  # fmt: skip
    row.lines = _lines(one)
    return row


def _worker(who: str) -> "Step":
    """Return how somebody comes to work on what was given to an agent, or to a pool."""
    if who.startswith("@"):
        return say("work", agent="AGENT", pool=who[1:], harness="H")
    return say("work", agent=who, harness="H")


def _lines(one: "dict[str, Any]") -> "tuple[int, int] | None":
    return (one["added"], one["removed"]) if one["added"] or one["removed"] else None


def _on_its_way(one: "dict[str, Any]", of: int) -> Row:
    state, place = one["landing"], one["position"]
    what = f"queue {place} of {max(of, place)}" if place else "in its queue"
    said = _ON_ITS_WAY.get(state, state.replace("_", " "))
    words = ": ".join(filter(None, (said, one["waits_for"])))
    return Row("work", one["run_id"], one["task_id"], "⇥", "blue", what,
               f"{words}  {one['title']}", one["landing_since"] or one["at"],
               [say("queue run", run=one["run_id"])], state)  # fmt: skip


def _again(one: "dict[str, Any]", now: str) -> Row:
    """A failed attempt that its run's driver follows up by itself."""
    wait = seconds_between(now, one["due"]) if one["due"] else 0
    what = f"again in {spell(wait)}" if wait > 0 else "again soon"
    words = f"{one['reason']}; attempt {one['attempt_no']} of {one['max_attempts']}"
    name = f"{one['run_id']}/{one['task_id']}"
    return Row("work", one["run_id"], one["task_id"], "↻", "yellow", what, words, one["since"],
               [say("trace", name)], "failed")  # fmt: skip


def _next(one: "dict[str, Any]") -> Row:
    to = f"for {one['default_to']}" if one["default_to"] else "for nobody yet"
    return Row("next", one["run_id"], one["task_id"], "◔", "cyan", to, one["title"], "",
               read(one["command"]), "ready")  # fmt: skip


def _landed(one: "dict[str, Any]") -> Row:
    name = f"{one['run_id']}/{one['task_id']}"
    status, landing = one["status"], one["landing"]
    sign, style = STATUSES[status][0], OF_STATUS[status]
    what = (landing or status).replace("_", " ")
    if landing in ("landed", "verified"):
        what = status = "landed"
    place = f"{one['landed_on']} {one['landed_commit'][:7]}" if one["landed_commit"] else ""
    text = " ".join(filter(None, (place, one["result"] or one["title"])))
    at = one["landing_since"] if one["landed_commit"] else None
    steps = [say("task show", name)]
    since = at or one["at"]
    run, task = one["run_id"], one["task_id"]
    row = Row("landed", run, task, sign, style, what, text, since, steps, status)
    row.at, row.lines = since[11:19] if status == "landed" else "", _lines(one)
    return row


def chosen(found: "list[Row]", filters: "list[str]", run: str) -> "list[Row]":
    """Return the rows of a run ("" for all) that every filter lets through.

    A filter is a text, or `status:WORD` for a status or a kind of need.
    """
    for one in filters:
        status = one.removeprefix("status:") if one.startswith("status:") else ""
        found = [row for row in found if _fits(row, one.lower(), status)]
    return [row for row in found if row.run == run] if run else found


def _fits(row: Row, text: str, status: str) -> bool:
    if status:
        return row.status.startswith(status)
    return text in f"{row.name} {row.what} {row.text}".lower()
