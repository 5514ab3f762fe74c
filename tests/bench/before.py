"""Hot commands of this checkout beside those of an earlier one.

`python -m tests.bench.before PLACE`: PLACE is a working tree of an earlier commit (`git worktree
add PLACE COMMIT`). A wheel of each is
installed in a venv of its own; each makes the stores that its own `tests.bench` would, and the rows
run in turn, so that noise meets both alike. Ratios are medians of the rounds' ratios, CPU first.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import installed
from tests.bench.measure import Row, in_turn, ratio, table

_ROUNDS = 25
# Run in the python and the checkout of one side: stores in a folder, and the argv of every round.
_MAKER = """
import json, os, sys
os.umask(0o077)
from pathlib import Path
from tests.bench import commands, stores
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
found = {}
def keep(title, rows, _rounds):
    for row in rows:
        if row.name.startswith(("inbox ", "orch ")) and "plain" not in row.name:
            found[row.name] = [list(row.argv(i)) for i in range(rounds + 8)]
    raise SystemExit
commands.compare = keep
def kept(make, *words):
    try:
        make(*words)
    except SystemExit:
        pass
import tempfile
class Kept(tempfile.TemporaryDirectory):
    def __init__(self, prefix=""):
        self.name = tempfile.mkdtemp(prefix=prefix, dir=folder)
    def __exit__(self, *_):
        pass
commands.tempfile.TemporaryDirectory = Kept
kept(commands.hot, rounds)
kept(commands.orch, rounds)
print(json.dumps(found))
"""


def _made(root: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Return by name what the rows of a checkout run, on stores that it made itself."""
    python = str(root / ".bench" / "venv" / "bin" / "python")
    folder.mkdir()
    done = subprocess.run(
        [python, "-c", _MAKER, str(folder), str(_ROUNDS)], cwd=root, capture_output=True, text=True,
        env=installed.environment() | {"PYTHONSAFEPATH": "", "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, list[list[str]]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print CPU and wall of each hot command, this checkout's ÷ the earlier one's."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.before", description=__doc__)
    parser.add_argument("place", type=Path)
    place = parser.parse_args().place.resolve()
    os.umask(0o077)
    installed.prepare()
    prepare = "from tests.bench import installed; installed.prepare()"
    subprocess.run([sys.executable, "-c", prepare], cwd=place, check=True,
                   env=installed.environment() | {"PYTHONPATH": str(place)})  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        now = _made(installed.ROOT, Path(name) / "now")
        then = _made(place, Path(name) / "then")
        rows = []
        for command in now:
            if command in then:
                rows.append(Row(f"then {command}", then[command].__getitem__))
                rows.append(Row(command, now[command].__getitem__, f"then {command}"))
        times = in_turn(rows, _ROUNDS)
    body = []
    for row in rows[1::2]:
        pairs = zip(times[row.name].cpu, times[row.base].cpu, strict=True)
        cpu = statistics.median(a / b for a, b in pairs)
        wall = ratio(times, row.name, row.base)
        ms = statistics.median(times[row.name].cpu)
        body.append((row.name, f"{ms:.1f}", f"{cpu:.2f}", f"{wall:.2f}"))
    load = os.getloadavg()[0]
    table(f"This checkout beside {place.name} ({_ROUNDS} rounds in turn, load {load:.0f})",
          ("command", "ms of CPU", "x CPU", "x wall"), body)  # fmt: skip


main()
