"""Layer `landing`: whole lives of merge queues in memory, each judged step by step.

Conflicts, bad entries and pairs of them, flakes, checks that cannot run, red targets, pushes from
outside, rejected approvals, newer heads, people who release, runners killed between any two effects
and runners that go on after they lost their fence. Judged: only tested trees land, nothing lands
twice, nothing is lost, nobody is overtaken too often, replay is equal, it ends. Beside them the
same entries through a serial queue, for the number of check runs. Unit: queues.
"""

import random

from orch.landing.planner.model import Limits
from tests.support.queue_world import Habits, World
from tests.torture.report import Budget, Report

ALONE = True
_COUNTED = ("passes", "runs", "landings", "landed", "kills", "fenced")
_COMPARED = 4  # Every fourth queue.
_OFTEN = {
    "conflict": 0.15, "bad": 0.1, "pair": 0.1, "flake": 0.05, "error": 0.04, "red": 0.05,
    "kill": 0.05, "outside": 0.05, "unapproved": 0.1, "reject": 0.3, "newer_head": 0.01,
    "solo": 0.08, "need": 0.15, "person": 0.1,
}  # fmt: skip


def run(budget: Budget, report: Report) -> None:
    """Live queues until the budget is spent."""
    for number in budget.rounds():
        seed = f"{report.seed}/{report.part}/{number}"
        world = lived(seed)
        report.add("queues")
        for what in _COUNTED:
            report.add(what, getattr(world.tally, what))
        report.violate(*(f"queue {seed}: {text}" for text in world.tally.violations))
        if number % _COMPARED == 0:
            _compare(seed, report)


def lived(seed: str) -> World:
    """Return a world at the end of its queue's life; the same seed, the same life."""
    rng = random.Random(seed)
    habits = Habits(**{name: rng.choice((0, 0, p, 2 * p)) for name, p in _OFTEN.items()})
    limits = Limits(
        batch=rng.choice((1, 2, 4, 4, 8)),
        jobs=rng.choice((1, 1, 2, 4)),
        flake=rng.choice(("accept", "accept", "approve", "reject")),
        overtakes=rng.choice((1, 2, 5)),
    )
    world = World(rng, habits, limits)
    world.populate(rng.choice((1, 3, 6, 12, 20)))
    world.run()
    return world


def _compare(seed: str, report: Report) -> None:
    """The same twenty entries, one in ten bad, in batches of four and one by one."""
    for what, batch in (("runs in batches", 4), ("runs one by one", 1)):
        world = World(random.Random(seed), Habits(bad=0.1), Limits(batch=batch))
        world.populate(20)
        world.run()
        report.add(what, world.tally.runs)
        report.violate(*(f"queue {seed}, {what}: {text}" for text in world.tally.violations))
