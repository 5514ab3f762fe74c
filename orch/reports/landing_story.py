"""The way of a task's work to its target, as reports tell it: queued, tested, approved, landed.

`of_run` reads it; `band` puts it into words, step by step, each with the status whose colour it
has. What peers said stands in `note` alone, for whoever escapes it.
"""

import json

from orch.machines import ENTRY
from orch.store import approvals, landings, trials
from orch.store import entries as store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from orch.store.entries import Entry
    from schema.transaction import ReadTx

_LAST_LINES = 20
# status of a trial or a verdict: (whose colour it has, in words)
_TRIALS = {
    "passed": ("done", "tested"), "failed": ("failed", "test failed"),
    "error": ("failed", "could not be tested"), "running": ("verifying", "is tested"),
    "interrupted": ("cancelled", "test was cut off"),
}  # fmt: skip
_VERDICTS = {
    "approve": ("done", "approved by"), "reject": ("failed", "rejected by"),
    "abstain": ("cancelled", "no opinion of"),
}  # fmt: skip
_STATES = {
    "queued": "waits to land", "building": "is put on top", "testing": "is tested",
    "passed": "tested", "landing": "lands", "awaiting_approval": "awaits approval",
    "nothing_to_land": "nothing to land", "landed_externally": "landed elsewhere",
    "error": "could not be tried", "failed": "failed its test", "conflict": "does not merge",
}  # fmt: skip


class Step:
    """One step of a band: the status whose colour it has, its words, when; a peer's words."""

    __slots__ = ("at", "note", "output", "status", "words")

    def __init__(
        self, status: str, words: str, at: "str | None", note: str = "", output: str = ""
    ) -> None:
        self.status, self.words, self.at, self.note, self.output = status, words, at, note, output


def of_run(tx: "ReadTx", run_id: str) -> "dict[int, list[dict[str, Any]]]":
    """Return by task number its entries, the oldest first, as published."""
    found = {}
    for task_no in landings.of_run(tx, run_id):
        entries = [_entry(tx, one) for one in reversed(store.of_task(tx, task_no))]
        if entries:
            found[task_no] = entries
    return found


def _entry(tx: "ReadTx", entry: "Entry") -> "dict[str, Any]":
    document = json.loads(store.document(tx, entry.entry_no))
    kept = ("entry_id", "kind", "attempt_no", "status", "target", "risk", "reason", "conflicts",
            "landed_commit", "landed_at", "rolled_back_by", "created_at", "updated_at")  # fmt: skip
    return {
        **{name: document[name] for name in kept},
        "trials": [
            {
                "purpose": trial["purpose"], "status": trial["status"],
                "summary": trial["summary"], "started_at": trial["started_at"],
                "ended_at": trial["ended_at"],
                "output": _failing(trial["checks"]),
            }
            for trial in trials.documents(tx, entry.queue_no, entry.entry_no)
        ],
        "verdicts": [
            {
                "given_by": one.given_by, "kind": one.speaker, "verdict": one.verdict,
                "note": one.note, "proof": one.proof or None, "at": one.at,
            }
            for one in approvals.of_head(tx, entry.task_no, entry.head_commit)
        ],
    }  # fmt: skip


def _failing(checks: "Any") -> str:
    """Return the end of what the first check that did not pass printed."""
    for check in checks:
        if check["status"] != "passed" and check["output_tail"]:
            return "\n".join(check["output_tail"].rstrip("\n").split("\n")[-_LAST_LINES:])
    return ""


def state(status: str, target: str, *, is_rolled_back: bool = False) -> tuple[str, str]:
    """Return (whose colour it has, in words) of where a task's work stands."""
    if is_rolled_back:
        return "failed", "rolled back"
    if status in ("landed", "verified"):
        return "done", f"landed on {target}" if target else "landed"
    words = _STATES.get(status, status.replace("_", " "))
    if status in ENTRY.stopped:
        return "failed", words
    return ("blocked" if status == "awaiting_approval" else "running"), words


def of_task(task: "Mapping[str, Any]") -> tuple[str, str] | None:
    """Return the same of a task of a report; None for one that no queue knows."""
    if not task["landing"]:
        return None
    own = [one for one in task["entries"] if one["kind"] == "task"]
    last = own[-1] if own else {}
    undone = bool(last.get("rolled_back_by"))
    return state(task["landing"]["state"], last.get("target", ""), is_rolled_back=undone)


def band(entry: "dict[str, Any]") -> "Iterator[Step]":
    """Return the steps of an entry in order."""
    moments = [(trial["started_at"], _tried(trial)) for trial in entry["trials"]]
    moments += [(one["at"], _judged(one)) for one in entry["verdicts"]]
    begun = "revert queued" if entry["kind"] == "revert" else "queued"
    yield Step("planned", begun, entry["created_at"])
    for _, step in sorted(moments, key=lambda one: one[0]):
        yield step
    status = entry["status"]
    if entry["landed_commit"]:
        words = f"landed on {entry['target']} as {entry['landed_commit'][:12]}"
        yield Step("done", words, entry["landed_at"])
    if entry["rolled_back_by"]:
        yield Step("failed", f"rolled back by {entry['rolled_back_by']}", None)
    elif not entry["landed_commit"]:
        colour, words = state(status, entry["target"])
        yield Step(colour, words, entry["updated_at"], entry["reason"] or "")


def _tried(trial: "dict[str, Any]") -> Step:
    colour, words = _TRIALS[trial["status"]]
    told = {"bisect": f"{words} by itself", "rerun": f"{words} once more"}
    words = told.get(trial["purpose"], words)
    return Step(colour, words, trial["ended_at"] or trial["started_at"], "", trial["output"])


def _judged(one: "dict[str, Any]") -> Step:
    colour, words = _VERDICTS[one["verdict"]]
    kind = "" if one["kind"] == "human" else f" ({one['kind']})"
    return Step(colour, f"{words} {one['given_by']}{kind}", one["at"], one["note"])


def moment(at: "str | None") -> str:
    """Return the time of day of a published moment, "" for none."""
    return at[11:19] if at else ""


def counts(added: int, removed: int) -> str:
    """Return lines added and removed as people write them."""
    return f"+{added} -{removed}"
