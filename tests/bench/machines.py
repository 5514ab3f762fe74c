"""Four machines of four workers over one server, 5 ms away: every task landed once, how soon.

A home and an id each, a bare remote, a wire to the server that delays. The driver runs on a fifth.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support import servers
from tests.support.cli import Cli
from tests.support.repos import Repo
from tests.support.wire_proxy import Wire

_AGENT = Path(__file__).parents[1] / "support" / "fake_clients" / "agent.py"
_POLICY = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
_MACHINES, _WORKERS, _TASKS = 4, 4, 16


def main() -> None:
    """Print what became of the tasks."""
    folder = Path(tempfile.mkdtemp(prefix="orch-fleet-"))
    os.environ["HOME"] = str(folder)
    url = servers.shared().make("bench_fleet")
    wire = Wire(Path(servers.shared().folder), 0.0025)
    remote, shop = Repo(folder / "remote.git", bare=True), Repo(folder / "shop")
    shop.commit("orch.toml", _POLICY)
    shop.git("remote", "add", "origin", str(remote.path))
    shop.git("push", "-q", "origin", "main")
    lead = _machine(folder, "lead", wire.url(url), shop.path)
    lead.ok("run", "init", "--run", "r", "--goal", "g", "--repo-path", str(shop.path),
            "--remote", "origin", "--target", "main")  # fmt: skip
    for number in range(_TASKS):
        lead.ok("task", "add", "--run", "r", "--task", f"t{number}", "--default-to", "@coders",
                "--execution-mode", "code")  # fmt: skip
    workers = [
        _machine(folder, f"m{m}", wire.url(url)).start(
            "work", "--agent", f"m{m}", "--count", str(_WORKERS), "--pool", "coders",
            "--harness", "command", "--", "sh", "-c",
            f'exec {sys.executable} {_AGENT} commit=$INBOX_THREAD.txt done=made',
        )
        for m in range(_MACHINES)
    ]  # fmt: skip
    began = time.monotonic()
    lead.run("drive", "--run", "r", "--workers", "0", "--until", "done", "--for", "600s", "--json",
             deadline=700)  # fmt: skip
    seconds = time.monotonic() - began
    for worker in workers:
        worker.kill()
    entries = lead.ok("queue", "list", "--run", "r")["entries"]
    landed = sum(entry["status"] == "verified" for entry in entries)
    files = remote.git("ls-tree", "--name-only", "main").split("\n")
    rows = servers.shared().execute(
        "SELECT (l.claimed_at - a.created_at) / 1000.0, a.machine_id FROM orch.attempt AS a"
        " JOIN orch.lease AS l ON l.thread_no = a.thread_no WHERE l.epoch = 1", "bench_fleet",
    )  # fmt: skip
    waits = sorted(float(row[0]) for row in rows)
    print("\n### 4 machines of 4 workers, a server 5 ms away (`machines`)\n")
    print("| tasks | landed | files on main | machines at work | dispatch to claim, median "
          "| longest | whole run |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    print(f"| {_TASKS} | {landed} | {len(files) - 1} | {len({row[1] for row in rows})} | "
          f"{statistics.median(waits):.2f} s | {waits[-1]:.2f} s | {seconds:.0f} s |")  # fmt: skip
    wire.close()
    servers.shared().drop("bench_fleet")
    shutil.rmtree(folder)


def _machine(folder: Path, name: str, url: str, cwd: Path | None = None) -> Cli:
    home = folder / name
    where = cwd or home / "work"
    where.mkdir(parents=True, exist_ok=True)
    return Cli(where, program="orch", home=home, env={"ORCH_DB": url})
