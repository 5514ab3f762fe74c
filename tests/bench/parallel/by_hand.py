"""The arms without a tool: one agent alone, and several beside each other, merged at the end."""

import threading

from tests.bench.history import git
from tests.bench.parallel.coder import Coder
from tests.bench.parallel.place import Outcome, Place, timed
from tests.bench.parallel.topics import Piece


def alone(place: Place) -> Outcome:
    """One agent, one checkout, one topic after the other; no tool."""
    coder = Coder(place.facts, place.repo)
    asked: list[int] = []
    pieces = place.setting.chosen.pieces
    wall, cpu = timed(lambda: asked.extend(place.finish(coder, p.name) for p in pieces))
    return place.outcome(wall, cpu, 1, sum(map(bool, asked)))


def apart(place: Place, workers: int) -> Outcome:
    """So many agents in worktrees of their own, merged by hand at the end: no queue."""
    shared = _Shared(place, workers)
    wall, cpu = timed(shared.work)
    return place.outcome(wall, cpu, workers, len(shared.asked) + shared.merged_by_hand)


class _Shared:
    """What agents beside each other take from: the next topic that can begin."""

    def __init__(self, place: Place, workers: int) -> None:
        self.place = place
        self.workers = workers
        self.waiting = list(place.setting.chosen.pieces)
        self.ended: dict[str, str] = {}  # Each topic, and the commit that has it.
        self.asked: set[str] = set()
        self.merged_by_hand = 0
        self.failures: list[BaseException] = []
        self.changed = threading.Condition()

    def work(self) -> None:
        threads = [threading.Thread(target=self._guarded, args=(n,)) for n in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
        coder = Coder(self.place.facts, self.place.repo)
        for number in range(self.workers):
            self._merge(coder, f"agent-{number}")
        if not self.place.is_green(self.place.repo):
            raise SystemExit("what was merged by hand fails the check")

    def _guarded(self, number: int) -> None:
        try:
            self._agent(number)
        except BaseException as error:  # Told by the main thread.
            self.failures.append(error)
            with self.changed:
                self.changed.notify_all()

    def _agent(self, number: int) -> None:
        branch, tree = f"agent-{number}", self.place.folder / f"agent-{number}"
        with self.changed:  # One at a time: git locks its own files.
            words = ("worktree", "add", "-q", "-b", branch, str(tree), self.place.start)
            git(self.place.repo, *words)
        coder = Coder(self.place.facts, tree)
        while (piece := self._next()) is not None:
            for name in piece.needs:
                if name not in coder.landed():
                    self._merge(coder, self.ended[name])
            if self.place.finish(coder, piece.name):
                self.asked.add(piece.name)
            with self.changed:
                self.ended[piece.name] = coder.git("rev-parse", "HEAD")
                self.changed.notify_all()

    def _next(self) -> Piece | None:
        with self.changed:
            while self.waiting and not self.failures:
                for piece in self.waiting:
                    if all(name in self.ended for name in piece.needs):
                        self.waiting.remove(piece)
                        return piece
                self.changed.wait()
            return None

    def _merge(self, coder: Coder, other: str) -> None:
        """Merge other work; a conflict is thought about as long as the longest of its topics."""
        told = coder.git("log", "--format=%(trailers:key=Topic,valueonly)", f"HEAD..{other}")
        coder.git("merge", "-q", "--no-commit", "--no-ff", other, ok=(0, 1))
        names = told.split()
        if coder.resolve(*names):
            self.merged_by_hand += 1
            topics = self.place.facts["topics"]
            longest = max(names, key=lambda name: topics[name]["seconds"])
            coder.think(longest, 0, "conflict", topics[longest]["seconds"])
        coder.git("commit", "-q", "--allow-empty", "-m", f"merge {other}")
