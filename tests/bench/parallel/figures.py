"""The table of an experiment: medians, with the least and the most of the seeds."""

import statistics
from collections.abc import Sequence

from tests.bench.measure import table
from tests.bench.parallel.place import Outcome

_HEADER = (
    "arm", "s", "x alone", "bound, s", "CPU, s", "thought, s", "redone, %", "checks", "conflicts",
    "landed", "by itself, %", "red states", "tree",
)  # fmt: skip


def show(title: str, found: dict[str, list[Outcome]]) -> None:
    """Print what came of each arm; ratios are those of one seed's runs."""
    base = found.get("alone", [])
    rows = []
    for name, outcomes in found.items():
        faster = [b.wall / one.wall for b, one in zip(base, outcomes, strict=False)]
        same = [one.tree == b.tree for b, one in zip(base, outcomes, strict=False)]
        alone = [1 - one.by_hand / max(1, one.landed) for one in outcomes]
        rows.append((
            name, _middle([one.wall for one in outcomes]), _middle(faster, 2),
            _middle([one.bound for one in outcomes]), _middle([one.cpu for one in outcomes]),
            _middle([one.thought for one in outcomes], 0),
            _middle([100 * one.redone / one.thought for one in outcomes], 0),
            _middle([one.checks for one in outcomes], 0),
            _middle([one.conflicts for one in outcomes], 0),
            _middle([one.landed for one in outcomes], 0),
            f"{100 * statistics.mean(alone):.0f}", sum(one.red for one in outcomes),
            f"{sum(same)} of {len(same)}" if same else "",
        ))  # fmt: skip
    table(title, _HEADER, rows)


def _middle(values: Sequence[float], digits: int = 1) -> str:
    """Return the median, and the range where there is one."""
    if not values:
        return ""
    told = f"{statistics.median(values):.{digits}f}"
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return told if low == high else f"{told} ({low}–{high})"
