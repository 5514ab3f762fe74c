"""Layers in a process of their own, for the tests: nothing leaks into pytest, forks are clean."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from tests.torture import planted
from tests.torture.layers import LAYERS

T = TypeVar("T")
_ROOT = Path(__file__).parents[2]
_DEADLINE = 600
WHOLE = os.environ.get("TORTURE_WHOLE", "") not in ("", "0")  # `make layers` sets it.
# Of both (docs/decisions/0026-seeds-of-the-gate.md).
_SEED = os.environ.get("TORTURE_SEED", "") or "20261130"
IS_DRAWN = _SEED == "random"


def budget(layer: str) -> int:
    """Return how much of a layer this run does: its quick form, or a tenth of it."""
    quick = LAYERS[layer][2]
    return quick if WHOLE else max(1, quick // 10)


def least(whole: int, tenth: int) -> int:
    """Return the lower bound of this run: the one of a whole quick form or that of a tenth."""
    return whole if WHOLE else tenth


def some(cases: Iterable[T], one_in: int = 3) -> list[T]:
    """Return what of many like cases this run does: all, or the first of each so many."""
    return list(cases) if WHOLE else list(cases)[::one_in]


def outcome(layer: str, *flags: str) -> dict:
    """Run one layer to its end and return its report; a crash of the layer is a failure."""
    words = [*flags, layer]
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--json", *words],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
    )
    is_told = done.returncode in (0, 1) and done.stdout.startswith("{")
    assert is_told, f"{_repeat(words)}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)


def require_clean(layer: str, *flags: str) -> dict[str, float]:
    """Do this run's share of a layer, require that nothing was violated, return its totals."""
    words = ["--count", str(budget(layer)), *flags]
    report = outcome(layer, *_seeded(), *words)
    again = _repeat(["--seed", str(report["seed"]), *words, layer])
    assert not report["violations"], (
        f"{len(report['violations'])} violations; {again}; the first:\n"
        + "\n".join(report["violations"][:10])
    )
    return report["totals"]


def require_caught(plant: str) -> None:
    """Require that a planted bug is caught, at this gate's seed."""
    words = [*_seeded(), *_hunt(plant)]
    assert caught(plant, *_seeded()), f"not caught; {_repeat(words)}"


def caught(plant: str, *flags: str) -> bool:
    """Say whether the layer that has to catch a planted bug does, as what it is."""
    *words, layer = _hunt(plant)
    assert layer in LAYERS
    sign = planted.PLANTS[plant][3]
    return any(sign in text for text in outcome(layer, *flags, *words)["violations"])


def _hunt(plant: str) -> list[str]:
    _, layer, enough, _ = planted.PLANTS[plant]
    return ["--plant", plant, "--count", str(enough), layer]


def _seeded() -> list[str]:
    return [] if IS_DRAWN else ["--seed", _SEED]


def _repeat(words: list[str]) -> str:
    return f"again: python -m tests.torture {' '.join(words)}"
