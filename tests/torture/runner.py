"""Layers in a process of their own, for the tests: nothing leaks into pytest, forks are clean."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.torture import planted
from tests.torture.layers import LAYERS

_ROOT = Path(__file__).parents[2]
_DEADLINE = 600
WHOLE = os.environ.get("TORTURE_WHOLE", "") not in ("", "0")  # `make layers` sets it.


def budget(layer: str) -> int:
    """Return how much of a layer this run does: its quick form, or a tenth of it."""
    quick = LAYERS[layer][2]
    return quick if WHOLE else max(1, quick // 10)


def least(whole: int, tenth: int) -> int:
    """Return the lower bound of this run: the one of a whole quick form or that of a tenth."""
    return whole if WHOLE else tenth


def outcome(layer: str, *flags: str) -> dict:
    """Run one layer to its end and return its report; a crash of the layer is a failure."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--json", *flags, layer],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
    )
    assert done.returncode in (0, 1) and done.stdout.startswith("{"), done.stderr[-4000:]
    return json.loads(done.stdout)


def require_clean(layer: str, *flags: str) -> dict[str, float]:
    """Do this run's share of a layer, require that nothing was violated, return its totals."""
    report = outcome(layer, "--count", str(budget(layer)), *flags)
    assert not report["violations"], (
        f"seed {report['seed']}: {len(report['violations'])} violations, the first:\n"
        + "\n".join(report["violations"][:10])
    )
    return report["totals"]


def caught(plant: str) -> bool:
    """Say whether the layer that has to catch a planted bug does, as what it is."""
    _, layer, enough, sign = planted.PLANTS[plant]
    assert layer in LAYERS
    found = outcome(layer, "--plant", plant, "--count", str(enough))["violations"]
    return any(sign in text for text in found)
