"""The first frame of `orch top` on a terminal, and what a board costs while nothing happens."""

import os
import pty
import statistics
import subprocess
import tempfile
import time

from tests.bench.installed import ORCH, environment
from tests.bench.measure import percentile, table, verdict

_STILL = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


def main(rounds: int = 9) -> None:
    """Print from exec to the first frame, and the share of a core that a still board takes."""
    env = {**environment(), "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    with tempfile.TemporaryDirectory() as folder:
        for words in ("init", "run init --run r --goal g", "task add --run r --task a"):
            subprocess.run([ORCH, *words.split(" ")], cwd=folder, env=env, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        begun = [_once(folder, env, 0.0) for _ in range(rounds)]
        still = _once(folder, env, _STILL)
    wall = [one[0] * 1e3 for one in begun]
    rows = [
        ("first frame p50, ms", statistics.median(wall), 600.0),
        ("first frame p90, ms", percentile(wall, 90), None),
        ("CPU from start to quit, ms", statistics.median(one[1] * 1e3 for one in begun), None),
        ("CPU while still, % of a core", 100 * still[2] / _STILL, 1.0),
    ]
    table(
        f"`orch top` on a terminal, {rounds} times, load {os.getloadavg()[0]:.0f}",
        ("what", "is", "goal", ""),
        [(name, f"{value:.1f}", *verdict(value, goal)) for name, value, goal in rows],
    )


def _once(folder: str, env: dict[str, str], still: float) -> tuple[float, float, float]:
    """Return seconds to the first frame, CPU seconds in all, and those while nothing happened."""
    start = time.perf_counter()
    pid, fd = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execve(ORCH, [ORCH, "top"], env)
    raw = b""
    while b"q quit" not in raw:
        raw += os.read(fd, 65536)
    first = time.perf_counter() - start
    before = _cpu(pid)
    time.sleep(still)
    while_still = _cpu(pid) - before
    os.write(fd, b"q")
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass
    usage = os.wait4(pid, 0)[2]
    os.close(fd)
    return first, usage.ru_utime + usage.ru_stime, while_still


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
