"""`python -m tests.torture [--long] [LAYER…]`: run layers, print totals and seeds.

Exit status 1 if anything was violated. `--seconds` bounds each layer, `--count` replaces its
count, `--seed` repeats a run, `--plant` plants one bug first, `--json` is for the tests.
"""

import argparse
import os
import sys

from tests.torture import planted
from tests.torture.layers import LAYERS, run_layer


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("layers", nargs="*", metavar="LAYER", help=", ".join([*LAYERS, "planted"]))
    parser.add_argument("--long", action="store_true", help="the full counts")
    parser.add_argument("--count", type=int, default=0, help="instead of the layer's own count")
    parser.add_argument("--seconds", type=float, default=0.0, help="at most, per layer")
    parser.add_argument("--seed", type=int, help="repeat a run")
    parser.add_argument("--plant", default="", choices=["", *planted.PLANTS])
    parser.add_argument("--json", action="store_true", help="one JSON document per layer")
    asked = parser.parse_args()
    if asked.plant:
        os.environ[planted.ENV] = asked.plant
    planted.apply()
    broken = 0
    for name in asked.layers or [*LAYERS, "planted"]:
        if name == "planted":
            broken += _planted()
            continue
        report = run_layer(
            name, long=asked.long, count=asked.count, seconds=asked.seconds, seed=asked.seed
        )
        print(report.json() if asked.json else report.line(), flush=True)
        broken += len(report.violations)
    return 1 if broken else 0


def _planted() -> int:
    """Plant every bug in turn; return how many were not caught."""
    from tests.torture import runner

    missed = [name for name in planted.PLANTS if not runner.caught(name)]
    caught = len(planted.PLANTS) - len(missed)
    print(f"planted     {caught} of {len(planted.PLANTS)} caught", *missed, flush=True)
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
