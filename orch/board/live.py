"""Live facts of a board beside the rows: lines changed so far, what an agent does.

Guarantees: nothing of it is ever waited for long or fails a board: a place that does not answer is
left out. Worktrees are looked into after a while only, and so many at most: that starts git.
"""

import os
import time

from orch.git import changes, commits, merges, repository
from orch.harness import log as harness_log
from orch.harness.readable import lines_of
from orch.machines import IN_TARGET
from orch.pace import Pace
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.board.model import Board
    from orch.store.board import Active

    Counts = tuple[int, int]

_SECONDS = 5.0  # Of one whose agent printed something;
_SILENT_SECONDS = 30.0  # of any other.
_MOST_WORKTREES = 20
_MOST_LANDED = 40
_TAIL_BYTES = 65_536


class Live:
    """Keeps what was seen, for as many boards as are drawn one after the other.

    By (run, task): `lines` added and removed since its base, `doing`: the last line of its agent.
    By commit: `landed`, what it changed on its target.
    """

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], Counts] = {}
        self.doing: dict[tuple[str, str], str] = {}
        self.landed: dict[str, Counts] = {}
        self._pace = Pace(waits=True)
        self._looked: dict[tuple[str, str], float] = {}
        self._logs: dict[tuple[str, str], tuple[int, str]] = {}
        self._heard: set[tuple[str, str]] = set()
        self._repos: dict[str, repository.Repository] = {}

    def look(self, found: "Board") -> None:
        """See what can be seen now of a board's tasks."""
        self._pace.begin_look()
        working = [(one.run_id, one.task) for one in found.at_work if one.task.is_claimed]
        keys = {(run, task.task_id) for run, task in working}
        for known in (self.lines, self.doing, self._looked, self._logs):
            for gone in [key for key in known if key not in keys]:
                del known[gone]
        for run, task in working[:_MOST_WORKTREES]:
            self._look_at((run, task.task_id), task)
        self._look_at_landed(found)

    def _look_at(self, key: "tuple[str, str]", task: "Active") -> None:
        if task.log_path:
            size, now = self._logs.get(key, (-1, ""))[0], harness_log.size(task.log_path)
            if now != size:
                self._logs[key] = now, _last_line(task.log_path, now)
                self._heard.add(key)
            self.doing[key] = self._logs[key][1]
        rest = _SECONDS if key in self._heard else _SILENT_SECONDS
        is_due = time.monotonic() - self._looked.get(key, -rest) >= rest
        if not (task.base_commit and is_due) or self._pace.known(task.worktree_path):
            return
        self._looked[key] = time.monotonic()
        self._heard.discard(key)
        try:
            with self._pace.at(task.worktree_path):
                place = repository.linked_worktree(self._repo(task.repo_path), task.worktree_path)
                if os.path.isdir(place.top):
                    self.lines[key] = changes.lines_since(place, task.base_commit)
        except Failure:
            pass  # doctor and reconcile name the place.

    def _repo(self, path: str) -> repository.Repository:
        if path not in self._repos:
            self._repos[path] = repository.open_repository(path)
        return self._repos[path]

    def _look_at_landed(self, found: "Board") -> None:
        wanted: dict[str, list[str]] = {}
        for run_id, one in found.done[:_MOST_LANDED]:
            landing = found.landing[run_id].get(one.task_no)
            if landing is None or landing.state not in IN_TARGET or not landing.commit:
                continue
            if landing.commit not in self.landed:
                wanted.setdefault(landing.repo_path, []).append(landing.commit)
        for path, landed in wanted.items():
            self._count(path, landed)

    def _count(self, path: str, landed: "list[str]") -> None:
        if self._pace.known(path):
            return
        try:
            with self._pace.at(path):
                repo = self._repo(path)
                for commit, parents in commits.parents_of(repo, landed).items():
                    if parents:
                        counts = merges.line_counts(repo, parents[0], commit)
                        self.landed[commit] = (
                            sum(max(0, added) for _, added, _ in counts),
                            sum(max(0, removed) for _, _, removed in counts),
                        )
        except Failure:
            pass


def _last_line(path: str, size: int) -> str:
    """Return the last line of a log as people read it."""
    try:
        data, _ = harness_log.read_from(path, max(0, size - _TAIL_BYTES))
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    whole = text.partition("\n")[2] if size > _TAIL_BYTES else text
    lines = [line for line in lines_of(whole) if line.strip()]
    return lines[-1].strip() if lines else ""
