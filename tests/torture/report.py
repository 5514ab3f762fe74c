"""What a layer is given and what it gives back: a budget, a seed, totals, violations."""

import json
import random
import time
from collections.abc import Callable

PARTS = 2  # Layers of one process are done in so many at once, whatever the machine: seeds.
_SHOWN = 20


class Budget:
    """How much a layer shall do: `count` of its unit, and at most `seconds` if that is set.

    With `enough` it is spent once that is true.
    """

    def __init__(
        self, count: int, seconds: float = 0.0, enough: "Callable[[], bool] | None" = None
    ) -> None:
        self.count = count
        self._enough = enough
        self._end = time.monotonic() + seconds if seconds else None

    def rounds(self, step: int = 1):
        """Yield 0, step, 2·step … below `count` while there is time."""
        done = 0
        while done < self.count and not self.over:
            yield done
            done += step

    @property
    def over(self) -> bool:
        if self._enough is not None and self._enough():
            return True
        return self._end is not None and time.monotonic() > self._end


class Report:
    """Totals by name, and the violations; the seed makes the run repeatable."""

    def __init__(self, layer: str, seed: int, part: int = 0) -> None:
        self.layer = layer
        self.seed = seed
        self.part = part
        self.random = random.Random(f"{layer}/{seed}/{part}")
        self.totals: dict[str, float] = {}
        self.violations: list[str] = []
        self.seconds = 0.0

    def add(self, what: str, count: float = 1) -> None:
        """Count something that was done or seen."""
        self.totals[what] = self.totals.get(what, 0) + count

    def most(self, what: str, value: float) -> None:
        """Keep the largest value seen."""
        self.totals[what] = max(self.totals.get(what, 0), value)

    def violate(self, *found: str) -> None:
        """Record broken promises."""
        self.violations += found

    def line(self) -> str:
        """Return one line for people."""
        parts = [f"{_number(value)} {what}" for what, value in self.totals.items()]
        verdict = f"{len(self.violations)} violations"
        lines = [
            f"{self.layer:<11} {verdict:<14} {self.seconds:7.1f} s  seed {self.seed}  "
            + ", ".join(parts)
        ]
        lines += [f"    {text}" for text in self.violations[:_SHOWN]]
        if len(self.violations) > _SHOWN:
            lines.append(f"    … and {len(self.violations) - _SHOWN} more")
        return "\n".join(lines)

    def json(self) -> str:
        """Return everything, for the tests."""
        return json.dumps(
            {
                "layer": self.layer,
                "seed": self.seed,
                "seconds": round(self.seconds, 2),
                "totals": self.totals,
                "violations": self.violations[:200],
            }
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
