"""Timing of whole processes in turn, percentiles, and the tables that every part prints."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.installed import environment

Argv = Sequence[str]


@dataclass
class Times:
    """What one row of a comparison took, round by round, in ms."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def spawn(argv: Argv, env: Mapping[str, str], out: int | None = None) -> int:
    """Start a process with no input and its output thrown away or sent to `out`; return its pid."""
    actions: list[tuple] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    if out is None:
        actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
    else:
        actions.append((os.POSIX_SPAWN_DUP2, out, 1))
    actions.append((os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
    return os.posix_spawn(argv[0], list(argv), dict(env), file_actions=actions)


def run(argv: Argv, env: Mapping[str, str], expected: int = 0) -> tuple[float, float]:
    """Return (wall, CPU) ms of one process. Raises: SystemExit when its status is another."""
    start = time.perf_counter()
    _, status, usage = os.wait4(spawn(argv, env), 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != expected:
        raise SystemExit(f"exit {os.waitstatus_to_exitcode(status)}, not {expected}: {argv}")
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


@dataclass(frozen=True)
class Row:
    """One row: how the argv of round i is made, against which row, and its goal as a ratio."""

    name: str
    argv: Callable[[int], Argv]
    base: str = ""
    goal: float | None = None
    expected: int = 0


def in_turn(rows: Sequence[Row], rounds: int, warm: int = 3) -> dict[str, Times]:
    """Run every row once per round, every other round backwards, so that noise meets all alike."""
    env = environment()
    times = {row.name: Times() for row in rows}
    for i in range(rounds + warm):
        for row in rows if i % 2 else reversed(rows):
            wall, cpu = run(row.argv(i), env, row.expected)
            if i >= warm:
                times[row.name].wall.append(wall)
                times[row.name].cpu.append(cpu)
    return times


def ratio(times: Mapping[str, Times], name: str, base: str) -> float:
    """Return the median of the per-round ratios of wall times."""
    pairs = zip(times[name].wall, times[base].wall, strict=True)
    return statistics.median(a / b for a, b in pairs)


def compare(title: str, rows: Sequence[Row], rounds: int) -> None:
    """Run the rows in turn and print medians, ratios and goals."""
    times = in_turn(rows, rounds)
    body = []
    for row in rows:
        found = times[row.name]
        cells = [row.name, f"{statistics.median(found.wall):.1f}"]
        if row.base:
            x = ratio(times, row.name, row.base)
            cpu = statistics.median(found.cpu) / statistics.median(times[row.base].cpu)
            cells += [f"{x:.2f}", f"{cpu:.2f}", row.base, *verdict(x, row.goal)]
        else:
            cells += ["1.00" if row.name.startswith("R ") else "", "", "", "", ""]
        body.append(cells)
    header = ("command", "ms", "x wall", "x CPU", "of", "goal", "")
    table(f"{title} ({rounds} rounds in turn)", header, body)


def verdict(value: float, goal: float | None, *, least: bool = False) -> tuple[str, str]:
    """Return (the goal in words, whether it is reached)."""
    if goal is None:
        return "", ""
    sign = ">=" if least else "<="
    reached = value >= goal if least else value <= goal
    return f"{sign} {goal:g}", "ok" if reached else "MISSED"


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(title: str, header: Sequence[str], body: Sequence[Sequence[object]]) -> None:
    """Print an aligned table as Markdown."""
    rows = [[str(cell) for cell in row] for row in (header, *body)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    print(f"\n### {title}\n")
    for n, row in enumerate(rows):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |")
        if n == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    print(flush=True)
