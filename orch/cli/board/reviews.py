"""Reviews as a board tells them: what one is held over needs nobody, what one said is counted.

Councils are mounted by the composition root, so this is asked of it.
"""

from dataclasses import replace

from orch.steps.model import read as read_steps
from orch.steps.model import say
from schema import steps
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.board.model import Board, Need
    from schema.transaction import Database

_ASKS = (("council", "start"), ("review",))


class Reviews(Value):
    """By open review run `of` which task it is, as R/T, and its verdict, None before it has one."""

    of: dict[str, str] = own(factory=dict)
    verdicts: "dict[str, str | None]" = own(factory=dict)

    def is_uncounted(self, run_id: str) -> bool:
        """Say whether a review has no verdict yet."""
        return run_id in self.verdicts and not self.verdicts[run_id]


def read(db: "Database") -> Reviews:
    """Return the open reviews."""
    from orch.cli import main

    with db.read() as tx:
        return Reviews(main.reviewed(tx), main.verdicts(tx))


def reviewed(db: "Database") -> dict[str, str]:
    """Return by open review run which task it reviews, as R/T."""
    return read(db).of


def needs(found: "Board", reviews: Reviews, runs: "list[dict[str, Any]]") -> "list[Need]":
    """Return what a board needs of people.

    Nobody is asked for a review that is held now; one that all have answered is counted before it
    is closed: until then its verdict counts for nothing. One that was no approval is told so.
    """
    held = {reviews.of[run["run_id"]] for run in runs
            if run["run_id"] in reviews.of.keys() & reviews.verdicts.keys()
            and (reviews.is_uncounted(run["run_id"]) or _is_held(run))}  # fmt: skip
    said = {about: run for run, about in reviews.of.items() if reviews.verdicts.get(run)}
    left = []
    for one in found.needs:
        about = f"{one.run_id}/{one.task_id}"
        is_asked = one.kind in ("landing", "review") and _asks(one.command)
        if one.kind == "finished" and reviews.is_uncounted(one.run_id):
            left.append(_to_count(one))
        elif is_asked and about in said:
            left.append(_was_read(one, said[about], str(reviews.verdicts[said[about]])))
        elif not (is_asked and about in held):
            left.append(one)
    return left


def _asks(line: str) -> bool:
    """Say whether a command has somebody's work reviewed."""
    words = [step.argv[1:] for step in read_steps(line)]
    return any(found[: len(asked)] == asked for found in words for asked in _ASKS)


def _is_held(run: "dict[str, Any]") -> bool:
    """Say whether anybody of a review still reads, or is to read again."""
    counts = run["counts"]
    return bool(counts["total"] > counts["done"] + counts["cancelled"])


def _to_count(one: "Need") -> "Need":
    command = steps.command(say("council tally", run=one.run_id))
    return replace(one, text="all have answered: their verdict is to be counted", command=command)


def _was_read(one: "Need", council: str, verdict: str) -> "Need":
    text = f"its council says {verdict.replace('_', ' ')}, which is no approval: read {council}"
    return replace(one, text=text, command=steps.command(say("council report", run=council)))
