"""Layer `driving`: whole lives of driven runs in memory, each pass and each step judged.

Turns that end in every way, checks that cannot run, questions, reviews, red targets, limits and
logins, dirty repositories, endless urgent work, tickets, pauses, budgets, half-made dispatches of
other processes, clocks that jump by a day; drivers killed between any two effects and such that go
on after they lost their lease; people who type the same command first, stop, hold, call off. In
every other run nobody answers.
Judged: I19 to I22, I24 to I26, replay, and that each run ends landed, called off, or waiting for a
need that was told. Unit: runs.
"""

import random

from tests.support.drive_world import Habits, World, policy_of
from tests.torture.report import Budget, Report

ALONE = True
_COUNTED = ("passes", "tasks", "landed", "begun", "retries", "kills", "fenced", "hands")
_OFTEN = {
    "fail": 0.15, "kill": 0.02, "zombie": 0.01, "hands": 0.02, "ask": 0.05, "broken": 0.02,
    "flake": 0.05, "external": 0.05, "review": 0.15, "approval": 0.1, "red": 0.01, "conflict": 0.05,
    "trial": 0.05, "limited": 0.03, "login": 0.3, "setup": 0.02, "dirty": 0.005, "alike": 0.4,
    "urgent": 0.15, "ticket": 0.05, "pause": 0.005, "budget": 0.005, "stranger": 0.01, "need": 0.3,
    "lock": 0.2, "unserved": 0.3, "base": 0.02, "worker": 0.1, "jump": 0.003,
}  # fmt: skip


def run(budget: Budget, report: Report) -> None:
    """Live runs until the budget is spent."""
    for number in budget.rounds():
        seed = f"{report.seed}/{report.part}/{number}"
        world = lived(seed, people=bool(number % 2))
        report.add("runs")
        for what in _COUNTED:
            report.add(what, getattr(world.tally, what))
        report.add(f"ended {world.tally.end}")
        report.violate(*(f"run {seed}: {text}" for text in world.tally.violations))


def lived(seed: str, *, people: bool) -> World:
    """Return a world at the end of its run's life; the same seed, the same life."""
    rng = random.Random(seed)
    habits = Habits(**{name: rng.choice((0, 0, p, 2 * p)) for name, p in _OFTEN.items()})
    until = rng.choice(("blocked", "need", "done")) if people else "blocked"
    world = World(rng, habits, policy_of(rng), until, people=people)
    world.populate(rng.choice((1, 3, 6, 12, 20)))
    world.run()
    return world
