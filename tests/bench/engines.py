"""A file and a PostgreSQL of our own, beside each other in one run, both durable on the disk."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import installed
from tests.bench.measure import percentile, table, verdict
from tests.support import servers
from tests.support.cli import Cli

_ROOT = Path(__file__).resolve().parents[2]
_CLIENT = str(Path(__file__).parent / "workers" / "engine.py")
_SECONDS = 4.0


def main(rounds: int = 2) -> None:
    """Print transactions a second of 1, 4 and 16 clients, a fresh claim, and wake-ups."""
    if servers.programs() is None:
        print(servers.NEEDED)
        return
    server = servers.Cluster(fsync=True)
    try:
        _rates(server, rounds)
        _fresh(server)
        _wakes(server)
    finally:
        server.stop()


def _store(folder: str, server: "servers.Cluster | None", name: str) -> Cli:
    cwd = Path(folder) / name
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    cli = Cli(cwd)
    cli.url = server.make(name) if server is not None else ""
    if cli.url:
        cli.env = {**cli.env, "ORCH_DB": cli.url}
    cli.ok("init")
    return cli


def _rates(server: servers.Cluster, rounds: int) -> None:
    rows = []
    for clients in (1, 4, 16):
        rates: dict[str, list[tuple[float, float, float]]] = {"file": [], "server": []}
        for turn in range(rounds):
            for name, there in (("file", None), ("server", server)):
                with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                    cli = _store(folder, there, f"{name}_{clients}_{turn}")
                    rates[name].append(_compete(cli, clients))
                    if there is not None:
                        there.drop(f"{name}_{clients}_{turn}")
        best = {name: [statistics.median(c) for c in zip(*r, strict=True)]
                for name, r in rates.items()}  # fmt: skip
        share = best["server"][0] / best["file"][0]
        goal, said = verdict(share, 0.8, least=True)
        told = [f"{goal} {said}"] if clients == 16 else [""]
        cells = [f"{best[name][i]:.1f}" for name in ("file", "server") for i in range(3)]
        rows.append([str(clients), *cells, f"{share:.2f}", *told])
    header = ("clients", "file tx/s", "claim p50 ms", "p99", "server tx/s", "claim p50 ms", "p99",
              "share", "goal")  # fmt: skip
    table("send, claim --next, done; fsync on, one disk, interleaved", header, rows)


def _compete(cli: Cli, clients: int) -> tuple[float, float, float]:
    env = cli.env | {"PYTHONPATH": str(_ROOT)}
    argv = [sys.executable, _CLIENT, cli.where, str(_SECONDS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(argv, env=env, cwd=cli.cwd, **pipes) for _ in range(clients)]
    for process in running:  # Each has opened the store, and its server has its plans.
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [process.communicate(timeout=120)[0].split() for process in running]
    done = sum(int(words[0]) for words in found)
    return (
        done / _SECONDS,
        statistics.median(float(words[1]) for words in found),
        max(float(words[2]) for words in found),
    )


def _fresh(server: servers.Cluster, count: int = 40) -> None:
    """A command of its own process: what the driver and the connection cost."""
    rows = []
    for name, there in (("file", None), ("server", server)):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            cli = _store(folder, there, f"fresh_{name}")
            threads = [
                cli.ok("send", "--from", "l", "--to", "w", "--subject", "s")["thread"]["thread_id"]
                for _ in range(count)
            ]
            walls = []
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            for thread in threads:
                begin = time.perf_counter()
                cli.ok("claim", "--agent", "w", "--thread", thread)
                walls.append((time.perf_counter() - begin) * 1e3)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
            rows.append([name, f"{statistics.median(walls):.1f}", f"{percentile(walls, 99):.1f}",
                         f"{cpu / count:.1f}"])  # fmt: skip
    table("a fresh `inbox claim`", ("store", "wall p50 ms", "p99", "client CPU ms"), rows)


def _wakes(server: servers.Cluster, count: int = 30) -> None:
    """From the writer's answer to the waiter's, on this machine and from another one."""
    rows = []
    for name, there, far in (("file", None, False), ("server", server, False),
                             ("server, other machine", server, True)):  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            cli = _store(folder, there, f"wake_{len(rows)}")
            other = cli.at(HOME=folder + "/elsewhere") if far else cli
            os.makedirs(folder + "/elsewhere", exist_ok=True)
            waits = []
            cli.ok("send", "--from", "l", "--to", "w", "--subject", "s", "--thread", "t")
            last = 1
            for _ in range(count):
                words = ("watch", "--after-event", str(last), "--get", "data.next_event_id")
                with other.start(*words) as waiting:
                    time.sleep(0.6)
                    said = cli.start("reply", "--from", "w", "--thread", "t", "--body", "b",
                                     "--get", "data.event_id")  # fmt: skip
                    last = int(said.line())
                    begin = time.perf_counter()
                    waiting.line()
                    waits.append((time.perf_counter() - begin) * 1e3)
                    waiting.wait()
                    said.wait()
            rows.append([name, f"{statistics.median(waits):.1f}", f"{percentile(waits, 99):.1f}"])
    table("a waiter's answer after the writer's", ("store", "p50 ms", "p99"), rows)


if __name__ == "__main__":
    installed.prepare()
    main()
