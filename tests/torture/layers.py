"""The one table of layers: what each counts, and how much of it a change and a long run do.

Adding a layer? A row here, a module with `run(budget, report)` (and `ALONE = True` if it uses
one core and starts nothing), a test that runs its quick
form, a row in docs/reference/torture.md (test_layers.py compares).
"""

import importlib
import os
import random
import time
from functools import partial
from types import ModuleType

from tests.support import places
from tests.torture import planted
from tests.torture.report import PARTS, Budget, Report

# layer: (module, unit, quick, long)
# fmt: off
LAYERS: dict[str, tuple[str, str, int, int]] = {
    "machine":    ("bus_machine", "examples of 40 steps (long: 100)",       300,      10_000),
    "kill":       ("kill",        "rounds of 8 kills",                      250,       5_000),
    "server":     ("server_kill", "rounds of 8 kills, of the server too",     5,         250),
    "cli":        ("cli_kill",    "killed commands",                        200,      20_000),
    "powercut":   ("powercut",    "images",                               5_000,   1_000_000),
    "disk":       ("disk",        "verbs swept",                             25,       1_250),
    "contention": ("contention",  "commands of each of 32 clients (long: 64)", 60,     1_000),
    "clock":      ("clock",       "scenarios",                          100_000,   5_000_000),
    "points":     ("points",      "passes over every crash point",            1,         500),
    "input":      ("bad_input",   "command lines",                        5_000,   1_000_000),
    "landing":    ("landing",     "queues",                                  60,      10_000),
    "driving":    ("driving",     "driven runs",                            600,       2_000),
    "workflows":  ("workflows",   "lives of a task in real worktrees",        3,         500),
    "passes":     ("passes",      "lives of a queue under its real runner",   1,         100),
    "upgrade":    ("upgrade",     "killed creations, upgrades, backups",     50,       5_000),
    "real_drives": ("real_drives", "driven runs",                             3,          30),
}
# fmt: on


def run_layer(
    name: str, *, long: bool = False, count: int = 0, seconds: float = 0.0, seed: int | None = None
) -> Report:
    """Run one layer from this process and return its report."""
    module, _, quick, much = LAYERS[name]
    report = Report(name, random.randrange(10**9) if seed is None else seed)
    for variable in [v for v in os.environ if v.startswith(("INBOX_", "ORCH_"))]:
        del os.environ[variable]
    begin = time.monotonic()
    layer = importlib.import_module(f"tests.torture.{module}")
    layer_count = count or (much if long else quick)
    if getattr(layer, "ALONE", False):
        _in_parts(layer, layer_count, seconds, report)
    else:
        layer.run(_budget(layer_count, seconds, report), report)
    report.seconds = time.monotonic() - begin
    return report


def _in_parts(layer: ModuleType, count: int, seconds: float, report: Report) -> None:
    """Run a layer that uses one core in PARTS children and add up what they report.

    A planted bug is looked for in one: it is enough that it is caught once.
    """
    pipes = []
    parts = 1 if planted.active() else PARTS
    for part in range(parts):
        share = count // parts + (part < count % parts)
        own = Report(report.layer, report.seed, part)
        if share:
            pipes.append(places.fork_reporting(partial(_part, layer, share, seconds, own)))
    for pipe in pipes:
        found = places.reported(*pipe)
        for what, value in found["totals"].items():
            report.add(what, value)
        report.violate(*found["violations"])


def _budget(count: int, seconds: float, report: Report) -> Budget:
    """Return a budget that is spent when this run's planted bug was caught as what it is."""
    sign = planted.sign()
    caught = (lambda: any(sign in text for text in report.violations)) if sign else None
    return Budget(count, seconds, caught)


def _part(layer: ModuleType, count: int, seconds: float, report: Report) -> dict:
    layer.run(_budget(count, seconds, report), report)
    return {"totals": report.totals, "violations": report.violations}
