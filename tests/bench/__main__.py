"""Run the benchmarks: `python -m tests.bench [PART…]`, `--list` for their names.

Everything measured is an installed wheel with compiled files in .bench/venv, made here when the
sources changed. Wants a quiet machine; every part prints one table with its goals, and none of
them fails: docs/reference/benchmarks.md keeps what was measured.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable

from tests.bench import installed


def _parts() -> dict[str, Callable[[], None]]:
    from tests.bench import (
        board,
        cleaning,
        commands,
        contention,
        control,
        council_grouping,
        council_voters,
        drive,
        driving,
        engines,
        fleet,
        growth,
        large_run,
        logs,
        machines,
        queue,
        throughput,
        wake,
    )

    return {
        "hot": commands.hot,
        "others": commands.others,
        "orch": commands.orch,
        "graph": control.graph,
        "large_run": large_run.main,
        "dispatch": control.dispatch,
        "cleanup": cleaning.main,
        "driving": driving.main,
        "drive": drive.passes,
        "queue": queue.passes,
        "landing": queue.throughput,
        "board": board.main,
        "wake": wake.main,
        "logs": logs.main,
        "writers": contention.writers,
        "agents": contention.agents,
        "engines": engines.main,
        "fleet": fleet.main,
        "machines": machines.main,
        "throughput": throughput.main,
        "growth": growth.main,
        "council_grouping": council_grouping.main,
        "council_voters": council_voters.main,
    }


def main() -> None:
    """Run the parts named on the command line, or all of them."""
    os.umask(0o077)
    parts = _parts()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*parts, []], help="default: all")
    parser.add_argument("--list", action="store_true", help="print the names of the parts")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(parts))
        return
    installed.prepare()
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    for name in chosen.part or parts:
        print(f"\n## {name}", file=sys.stderr)
        parts[name]()


main()
