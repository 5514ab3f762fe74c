"""A report: rendered from a stored tally, kept as a file, then recorded.

The file first, whole and synced; its row after it. Killed in between, the next report finds
the file by its content and writes the row.
"""

import json

from council import brief
from council.model import Tally, parse_tally
from council.operations import councils, tallies
from council.report import render_report
from council.store import reports as store
from council.vocabulary import LEVELS, Level
from council.workflows import blobs
from orch.operations import runs
from schema import crash_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.rows import Council
    from schema.transaction import Database

_LONGEST_TARGET = 4000


class Report:
    """A report that is written down: the tally, the levels it shows, its text and its file."""

    __slots__ = ("council", "event_id", "levels", "markdown", "path", "tally")

    def __init__(self, council: "Council", tally: Tally, levels: tuple[Level, ...]) -> None:
        self.council = council
        self.tally = tally
        self.levels = levels
        self.markdown = render_report(tally, _target(council), levels)
        self.path = ""
        self.event_id = 0

    def document(self) -> dict[str, object]:
        """Return what a program reads: the groups that are shown, and where the file is."""
        whole = self.tally.model_dump(mode="json")
        return {
            "run_id": self.tally.run_id,
            "revision": self.tally.revision,
            "status": self.tally.status,
            "show": list(self.levels),
            "summary": whole["summary"],
            "groups": [group for group in whole["groups"] if group["level"] in self.levels],
            "markdown_path": self.path,
            "verdict": self.tally.verdict,
            "verdict_reason": self.tally.verdict_reason,
            "reviewers": whole["reviewers"],
            "conflicts": whole["conflicts"],
            "related": whole["related"],
            "left_out": whole["left_out"],
            **({"cross": whole["cross"]} if "cross" in whole else {}),
        }

    def text(self, kind: str) -> str:
        """Return the report as `markdown`, `json`, `sarif`, or `both` of the first two."""
        if kind == "markdown":
            return self.markdown
        if kind == "both":
            return f"{self.markdown}\n{self.text('json')}"
        return json.dumps(self.sarif() if kind == "sarif" else self.document(), indent=2) + "\n"

    def sarif(self) -> dict[str, object]:
        """Return the report as a SARIF log."""
        from council.sarif import render_sarif

        return render_sarif(
            self.tally,
            self.levels,
            repo_path=self.council.repo_path,
            head_commit=self.council.head_commit,
        )


def write(
    db: "Database", run_id: str, levels: tuple[Level, ...] | None, revision: int | None
) -> Report:
    """Write the report of a tally, the newest by default, and record it.

    Guarantees: the same tally and levels are the same file and the same row. Raises:
    not_found (run, council, its revision), invalid_state (not_yet before a tally, closed).
    """
    with db.read() as tx:
        council = councils.require(tx, run_id)
        stored = tallies.require(tx, run_id, revision)
    chosen = levels or (("consensus",) if council.only_unanimous else ("consensus", "majority"))
    shown = tuple(level for level in LEVELS if level in chosen)
    made = Report(council, parse_tally(stored.document), shown)
    content = made.markdown.encode()
    sha256 = blobs.digest(content)
    made.path = store.place(db.folder, sha256)
    blobs.keep(made.path, content)
    with db.write() as tx:
        run = runs.require(tx, run_id)
        made.event_id = tallies.record_report(tx, run, stored.revision, shown, sha256, len(content))
    crash_points.reach("council.reported")
    return made


def _target(council: "Council") -> str:
    whole = brief.describe(council)
    if len(whole) <= _LONGEST_TARGET:
        return whole
    more = brief.whole_target(council.run_id)
    return f"{whole[:_LONGEST_TARGET]}… ({len(whole) - _LONGEST_TARGET} more characters: {more})"
