"""Published JSON of councils, for commands that show and read. Nothing here writes."""

import json

from council.rows import Result
from council.store import reports
from council.vocabulary import ROLES
from orch.model import TERMINAL
from schema import queries
from schema.json_text import NULL, Json, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.store_folder import StoreFolder
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


class Reviewer(queries.Record):
    """How far one reviewer is, with its published JSON."""

    role: str
    status: str
    published: str

    @property
    def document(self) -> Json:
        """Its published JSON."""
        return Json(self.published)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes from it by itself."""
        return self.status in TERMINAL


def reviewers(tx: "ReadTx", run_id: str) -> list[Reviewer]:
    """Return the three reviewers in the order of their seats."""
    return Reviewer.many(tx, _SQL["reviewer_documents"], run_id=run_id)


def results(tx: "ReadTx", run_id: str) -> list[Result]:
    """Return each reviewer's state and result message."""
    return Result.many(tx, _SQL["reviewer_results"], run_id=run_id)


def voters(tx: "ReadTx", run_id: str) -> list[Reviewer]:
    """Return who votes in round two, in the order of their seats; empty before it begins."""
    return Reviewer.many(tx, _SQL["voter_documents"], run_id=run_id)


def votes(tx: "ReadTx", run_id: str) -> list[Result]:
    """Return each voter's state and result message, with its sheet."""
    return Result.many(tx, _SQL["voter_results"], run_id=run_id)


def may_vote(tx: "ReadTx", run_id: str) -> bool:
    """Return whether round two is asked for, has not begun, and nothing more is waited for."""
    rounds, has_begun, is_closed, is_late, quorum, ended, answered = tx.one(
        _SQL["round_state"], run_id=run_id, now=tx.now.wall_ms
    )
    if rounds == 1 or has_begun or is_closed:
        return False
    return ended == len(ROLES) or bool(is_late and answered >= quorum)


def deadline(tx: "ReadTx", run_id: str) -> int | None:
    """Return when the round that is on stops being waited for; None for never."""
    row = tx.maybe(_SQL["round_deadline"], run_id=run_id)
    return row[0] if row else None


def tallies(tx: "ReadTx", run_id: str) -> list[Json]:
    """Return every revision in short, the first one first."""
    return [Json(row[0]) for row in tx.many(_SQL["council_tallies"], run_id=run_id)]


def report_documents(tx: "ReadTx", run_id: str, folder: "StoreFolder") -> list[Json]:
    """Return every report that was made, with the path of its file."""
    return [
        obj(
            revision=revision,
            show=levels.split(","),
            markdown_path=reports.place(folder, sha256),
            sha256=sha256,
            size=size,
            created_at=created_at,
        )
        for revision, levels, sha256, size, created_at in tx.many(
            _SQL["council_reports"], run_id=run_id
        )
    ]


def list_councils(tx: "ReadTx") -> list[Json]:
    """Return all councils, newest first, each with its newest revision or null."""
    return [
        merge(row[0], tally=Json(row[1]) if row[1] else NULL)
        for row in tx.many(_SQL["council_list"])
    ]


def reviewed(tx: "ReadTx") -> dict[str, str]:
    """Return by the run of each open council the task that it is about, as R/T."""
    return {row[0]: row[1] for row in tx.many(_SQL["council_reviewed"])}


def verdicts(tx: "ReadTx") -> dict[str, str | None]:
    """Return by the run of each open council its verdict, None before its answers are counted.

    One about work that was done again since is not in it.
    """
    return {row[0]: row[1] for row in tx.many(_SQL["council_verdicts"])}


def reviews(tx: "ReadTx", run_id: str) -> "dict[str, list[dict[str, Any]]]":
    """Return what councils said of a run's tasks, by task id, for the run's report.

    Under "" stands the council that the run itself is. Each is {run_id, mode, attempt_no, tally,
    groups}; the tally is None before there is one.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, council, mode, attempt_no, text in tx.many(_SQL["council_reviews"], run_id=run_id):
        whole = json.loads(text) if text else None
        review = {
            "run_id": council,
            "mode": mode,
            "attempt_no": attempt_no,
            "tally": {key: whole[key] for key in ("revision", "status", "verdict", "summary")}
            if whole else None,
            "groups": [
                {key: group[key] for key in ("level", "severity", "title", "reviewers")}
                for group in (whole["groups"] if whole else ())
            ],
        }  # fmt: skip
        found.setdefault(name.partition("/")[2], []).append(review)
    return found
