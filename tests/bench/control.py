"""Dispatch beside bare git, and the control plane on a graph of a hundred thousand tasks."""

import os
import shutil
import statistics
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

from schema import file
from tests.bench import reference, stores
from tests.bench.installed import ORCH, environment
from tests.bench.measure import Row, compare, run, table, verdict

WORKTREES, JOBS, ROUNDS = 8, 4, 3
TASKS = 100_000
DISPATCH_GOAL, HOT_GOAL = 1.3, 1.15
_ME = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
_ENV = environment() | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# What `orch task add` would write for chains of five, of which the first task each is ready.
_BULK = """
INSERT INTO task (run_id, task_id, title, summary, priority, chain, status, unmet, created_at,
                  updated_at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
SELECT 'large', 't' || i, 't', '', i % 3, 4 - i % 5, iif(i % 5 = 0, 'ready', 'planned'), i % 5 > 0,
       0, 0 FROM n;
INSERT INTO dependency SELECT task_no, task_no - 1 FROM task WHERE run_id = 'large' AND unmet = 1;
"""


def dispatch() -> None:
    """So many worktrees of a real tree at once: `orch dispatch --ready` and git alone, in turn."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        repo = _repository(Path(folder))
        files = len(_git(repo, "ls-files").splitlines())
        bare, ours = [], []
        for number in range(ROUNDS + 1):
            order = (_bare, _ours) if number % 2 else (_ours, _bare)
            for way in order:
                seconds = way(repo, number)
                if number:  # The first round warms the caches.
                    (bare if way is _bare else ours).append(seconds)
    x = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    table(
        f"{WORKTREES} worktrees of {files} files, {JOBS} at once ({ROUNDS} rounds in turn)",
        ("way", "s", "x", "goal", ""),
        [
            ("git worktree add", f"{statistics.median(bare):.2f}", "1.00", "", ""),
            (
                "orch dispatch --ready",
                f"{statistics.median(ours):.2f}",
                f"{x:.2f}",
                *verdict(x, DISPATCH_GOAL),
            ),
        ],
    )


def _repository(folder: Path) -> Path:
    """Return a repository that holds the standard library of the running Python."""
    repo = folder / "repo"
    skip = shutil.ignore_patterns(
        "__pycache__", "site-packages", "*.so", "*.a", "test", "tests", "idle_test"
    )
    shutil.copytree(sysconfig.get_path("stdlib"), repo, ignore=skip)
    _git(repo, "init", "-q")
    _git(repo, "add", "-A")
    _git(repo, *_ME, "commit", "-q", "-m", "the tree")
    run([ORCH, "init", "--db", f"{repo}/.orch/coord.db"], _ENV)
    return repo


def _git(repo: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=repo, env=_ENV, capture_output=True, text=True, check=True
    )
    return done.stdout


def _bare(repo: Path, number: int) -> float:
    """Return the seconds of bare git, `JOBS` at a time."""
    root = repo.parent / "bare"
    root.mkdir()
    names = "".join(f"{root}/w{n}\0bare-{number}-{n}\0" for n in range(WORKTREES))
    start = time.perf_counter()
    subprocess.run(
        ["xargs", "-0", "-n", "2", "-P", str(JOBS), "sh", "-c",
         'exec git worktree add -q --no-track -b "$2" "$1" HEAD', "git"],
        input=names, cwd=repo, env=_ENV, text=True, check=True, capture_output=True,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    _clear(repo, root)
    return seconds


def _ours(repo: Path, number: int) -> float:
    """Return the seconds of one `orch dispatch --ready` of as many tasks."""
    at, of_run = ("--db", f"{repo}/.orch/coord.db"), ("--run", f"r{number}")
    root = repo.parent / "ours"
    run([ORCH, "run", "init", *at, *of_run, "--goal", "g", "--repo-path", str(repo)], _ENV)
    for n in range(WORKTREES):
        run([ORCH, "task", "add", *at, *of_run, "--task", f"t{n}", "--default-to", "w"], _ENV)
    words = ["--ready", "--execution-mode", "code", "--jobs", str(JOBS), "--json"]
    start = time.perf_counter()
    run([ORCH, "dispatch", *at, *of_run, *words, "--workspace-root", str(root)], _ENV)
    seconds = time.perf_counter() - start
    _clear(repo, root)
    return seconds


def _clear(repo: Path, root: Path) -> None:
    shutil.rmtree(root)
    _git(repo, "worktree", "prune")


def fill(path: Path | str, count: int) -> None:
    """Give a store the run `large` with so many tasks."""
    run([ORCH, "run", "init", "--db", str(path), "--run", "large", "--goal", "g"], environment())
    db = file.open_store(str(path))
    db.connection.execute("PRAGMA synchronous=OFF")
    db.connection.execute("BEGIN")
    db.connection.execute(_BULK, {"last": count - 1})
    db.connection.execute("COMMIT")
    db.connection.execute("PRAGMA synchronous=FULL")
    db.connection.pragma("wal_checkpoint(TRUNCATE)")
    db.close()


def graph(rounds: int = 20) -> None:
    """`ready --limit 20`, and a reconcile that finds one change, in a large run."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        at, env = ("--db", db.path), environment()
        run([ORCH, "run", "init", *at, "--run", "small", "--goal", "g"], env)
        for n in range(5):
            run([ORCH, "task", "add", *at, "--run", "small", "--task", f"t{n}"], env)
        fill(db.path, TASKS)
        r_list = reference.argv("list", *at, "--limit", "20")
        rows = [Row("R list", lambda _: r_list)]
        for name in ("small", "large"):
            for words in (("ready", "--limit", "20"), ("reconcile",)):
                argv = [ORCH, *words, "--json", *at, "--run", name]
                rows.append(
                    Row(f"orch {words[0]}, {name} run", lambda _, a=argv: a, "R list", HOT_GOAL)
                )
        compare(f"A run of {TASKS} tasks", rows, rounds)
        db.close()
