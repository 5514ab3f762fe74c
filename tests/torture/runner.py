"""Layers in a process of their own, for the tests: nothing leaks into pytest, forks are clean."""

import json
import subprocess
import sys
from pathlib import Path

from tests.torture import planted
from tests.torture.layers import LAYERS

_ROOT = Path(__file__).parents[2]
_DEADLINE = 600


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
    """Run a layer's quick form, require that nothing was violated, return its totals."""
    report = outcome(layer, *flags)
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
