"""Memory of a driver between two looks: settings, what is under way, what git said.

Nothing here decides who is right: a new driver begins with an empty one and finds the same work.
"""

import os
import time

from orch import config_in_force
from orch.config.drive_policy import DrivePolicy, merged
from orch.config.model import Config
from orch.drive.planner.model import RepositoryFacts, SlotFacts, TicketFacts
from orch.fleet import mirrors
from orch.git import changes, refs, repository
from orch.landing import open_queue
from orch.operations import driving, runs
from orch.steps.model import git
from orch.store import drive_facts as facts
from orch.store import queues as queue_rows
from orch.worktrees import clean, create
from schema import events
from schema.failures import Failure
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from orch.git.checkout_conflicts import Blocker
    from orch.model import Run
    from schema.transaction import Database, ReadTx

_REPOSITORY_SECONDS = 5.0


class QueueSeen(Value):
    """How things stood when a queue was last run: its target's tip, the newest event, when (ms)."""

    tip: str
    event: int
    at: int


class InTheWay:
    """What of people's checkouts a landing met: in words, what helps, and how they stood then."""

    __slots__ = ("argv", "checkouts", "stood", "text")

    def __init__(self, found: "Sequence[Blocker]") -> None:
        self.text = "; ".join(one.why for one in found)
        self.checkouts = tuple(one.checkout for one in found)
        steps = found[0].steps or (git("status", "--short", where=found[0].checkout),)
        self.argv = steps[0].argv
        self.stood = self.stands()

    def stands(self) -> tuple[object, ...]:
        """Return how the checkouts stand now. Raises: git_error."""
        found: list[object] = []
        for path in self.checkouts:
            repo = repository.find_repository(path)
            if repo is not None and repo.top:
                found += [repository.operation_in_progress(repo), changes.status(repo).files]
        return tuple(found)


class Watch:
    """One driven run, as this driver sees it. `flags` are those of this process."""

    def __init__(
        self, run_id: str, until: str, flags: "dict[str, Any]",
    ) -> None:  # fmt: skip
        self.run_id = run_id
        self.until = until
        self.flags = flags
        self.wake = self.top = ""
        self.awaited: list[str] = []  # What somebody waits for, on whichever machine.
        self.settings = Config()
        self.policy = DrivePolicy()
        self.target = ""
        self.has_news = False
        self.slots: list[SlotFacts] = []
        self.tickets: list[TicketFacts] = []
        self.repositories: list[RepositoryFacts] = []
        self.verifying: set[int] = set()
        self.reviewing: set[int] = set()
        self.landing: set[int] = set()
        self.can_ask = False
        self.is_integrating = False
        self.integrate_text = ""
        self.integrate_event = 0
        self.queues: dict[int, QueueSeen] = {}
        self.in_the_way: dict[int, InTheWay] = {}
        self.tips: dict[int, str] = {}
        self.is_cleaning = False
        self.said: set[str] = set()
        self._newest: dict[str, tuple[int, int]] = {}
        self._through = 0
        self._cleaned = -1
        self._looked = 0.0

    def look(self, db: "Database") -> None:
        """Ask git and orch.toml what the store does not know. Raises: not_found/run, git_error."""
        self.wake = db.folder.wake
        self.awaited = [] if db.is_file else _awaited(db)
        with db.read() as tx:
            run = runs.require(tx, self.run_id)
            stored = driving.settings(tx, self.run_id)
            queues = queue_rows.all_of(tx, self.run_id)
        path = os.path.realpath(run.repo_path or os.getcwd())
        if run.repo_id:
            path = mirrors.need(db, run.repo_id).path
        repo = repository.find_repository(path)
        self.top = repo.top if repo is not None and repo.top else path
        if repo is not None:
            self.settings = config_in_force.of_run(db, run, repo)
            self.target = open_queue.target_of(run, self.settings, None).removeprefix(
                open_queue.HEADS
            )
        self.policy = merged(self.flags, stored, self.settings.drive)
        if repo is None:
            return
        for queue in queues:
            own = repo if queue.repo_path == (repo.top or repo.common_dir) else None
            found = own or repository.find_repository(queue.repo_path)
            self.tips[queue.queue_no] = refs.read_ref(found, queue.target) if found else ""
        for number, met in list(self.in_the_way.items()):
            if met.stands() != met.stood:  # Somebody did something about it.
                del self.in_the_way[number]
                self.queues.pop(number, None)
        if time.monotonic() - self._looked > _REPOSITORY_SECONDS:
            self.repositories = list(_troubles(db, run, repo, self.settings, path))
            self._looked = time.monotonic()

    def note_queue(self, db: "Database", queue_no: int) -> None:
        """Remember how things stand as a queue is about to be run."""
        with db.read() as tx:
            now, event = tx.now.wall_ms, events.last_id(tx)
        self.queues[queue_no] = QueueSeen(self.tips.get(queue_no, ""), event, now)

    def newest(self, tx: "ReadTx", kind: str) -> tuple[int, int]:
        """Return (id, moment) of the run's newest event of a kind, (0, 0) for none.

        What was seen is kept: a run has a million events, and a pass asks after the last few.
        """
        through = facts.last(tx, self.run_id)
        if through > self._through:
            self._newest |= facts.newest(tx, self.run_id, self._through)
            self._through = through
        return self._newest.get(kind, (0, 0))

    def is_cleaned(self, tx: "ReadTx") -> bool:
        """Say whether no worktree stands whose work has landed since the last cleanup."""
        if self.is_cleaning or not facts.is_any_standing(tx, self.run_id):
            return True
        return facts.landed(tx, self.run_id) in (0, self._cleaned)

    def note_cleaned(self, landed: int | None) -> None:
        """Remember that so many tasks had landed when it was cleaned up; None: it was refused."""
        if landed is not None:
            self._cleaned = landed
        self.is_cleaning = False


def _troubles(
    db: "Database", run: "Run", repo: repository.Repository, settings: Config, path: str
) -> "list[RepositoryFacts]":
    """Return why nothing may begin in a repository now: changed behind our back, or not clean."""
    try:
        changed = create.tampering(db, run)
        if changed:
            return [RepositoryFacts(path, "tampered", "; ".join(changed[:5]))]
        if run.base_ref:
            return []  # Then nothing is taken from the checkout.
        clean.require_clean(db, repo, create.root_of(repo, None, settings), settings)
    except Failure as failure:
        if failure.reason != "dirty":
            return []  # What git refuses is said by the step that meets it.
        text = f"{repo.top} has changed or untracked files"
        return [RepositoryFacts(path, "dirty", text)]
    return []


def _awaited(db: "Database") -> list[str]:
    from schema.pg import listen

    return listen.awaited(db)
