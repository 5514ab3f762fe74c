"""Do 3 to 5 agents beat one? `python -m tests.bench.parallel [REPOSITORY]`.

Topics of a real history (or of one made of real releases, history.py) are the tasks; a scripted
coder thinks for as long as a topic is long, applies its real patch, and fails at stated rates
(coder.py). Every arm gets the same topics and the same luck; arms come in random order. What it
does not show: how good the code of agents is, how much real models differ, what tokens cost.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench import history, installed
from tests.bench.history import git
from tests.bench.parallel import by_hand, driven, figures, topics
from tests.bench.parallel.place import Outcome, Place, Setting
from tests.bench.parallel.topics import Chosen, Line

RATES = {"crash": 0.03, "no_change": 0.03, "red": 0.10, "question": 0.02}
FREE, TIED = 10, 2  # Of twelve topics ten can begin at once.
PARTS = ("main", "rates", "shape", "latency", "check", "batch")


def _history() -> Path:
    """Return the made history, kept in .bench once it is made."""
    kept = installed.BENCH / "history-fine"
    if not (kept / "made" / ".git").exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        print("making a history of releases …", file=sys.stderr)
        git(history.make(kept, history.fine), "repack", "-adq")
    return kept / "made"


class Experiment:
    """Runs of arms on one history; each outcome is printed as it comes, as a line of JSON."""

    def __init__(self, source: Path, scale: float, log: Path | None) -> None:
        self.source = source
        self.scale = scale
        self.log = log
        self.line = Line(source, 200)

    def chosen(self, seed: int) -> Chosen:
        """Return the topics of a seed."""
        return self.line.choose(seed, FREE, TIED)

    def run(self, arm: str, setting: Setting) -> Outcome:
        """Run one arm once."""
        with tempfile.TemporaryDirectory(prefix="parallel-") as name:
            folder = Path(name)
            place = Place(self.source, folder, setting)
            found = _arm(arm, place)
            if os.environ.get("BENCH_VERBOSE"):
                for log in ("start.log", "person.log"):
                    if (folder / log).exists():
                        print((folder / log).read_text(), file=sys.stderr)
            for path in folder.glob("repo/.orch"):
                shutil.rmtree(path, ignore_errors=True)
        load = os.getloadavg()[0]
        row = {"arm": arm, "seed": setting.seed, "load": round(load, 1), **asdict(found)}
        print(json.dumps(row), file=sys.stderr, flush=True)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(json.dumps(row) + "\n")
        return found

    def compare(
        self,
        title: str,
        ways: dict[str, tuple[str, dict]],
        seeds: int,
        *,
        chosen: Callable[[int], Chosen] | None = None,
    ) -> None:
        """Run each way with each seed, in random order, and print one table."""
        found: dict[str, list[Outcome]] = {name: [] for name in ways}
        for seed in range(1, seeds + 1):
            of_seed: dict[str, Outcome] = {}
            base = Setting((chosen or self.chosen)(seed), seed, self.scale, rates=RATES)
            for name in random.Random(seed).sample(list(ways), len(ways)):
                arm, changes = ways[name]
                of_seed[name] = self.run(arm, replace(base, **changes))
            for name, outcome in of_seed.items():
                found[name].append(outcome)
        figures.show(f"{title}; {seeds} seeds, load {os.getloadavg()[0]:.1f}", found)


def _arm(name: str, place: Place) -> Outcome:
    kind, _, workers = name.partition(" ")
    if kind == "alone":
        return by_hand.alone(place)
    return (driven.driven if kind == "orch" else by_hand.apart)(place, int(workers))


def _plain(*names: str) -> dict[str, tuple[str, dict]]:
    return {name: (name, {}) for name in names}


def main() -> None:
    """Run the parts that the command line names, and print a table each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parallel", description=__doc__)
    parser.add_argument("repository", nargs="?", type=Path)
    parser.add_argument("--part", action="append", choices=PARTS, help="default: main")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=20, help="a model's seconds in one of ours")
    parser.add_argument("--arms", help="names of main's arms, with commas between them")
    parser.add_argument("--log", type=Path, help="append each outcome to this file, as JSON")
    asked = parser.parse_args()
    os.umask(0o077)
    installed.prepare()
    with tempfile.TemporaryDirectory(prefix="parallel-") as name:
        source = asked.repository and asked.repository.resolve()
        repo = Path(name) / "history"
        git(Path(name), "clone", "-q", "--no-hardlinks", str(source or _history()), str(repo))
        _tell(asked, source)
        experiment = Experiment(repo, asked.scale, asked.log)
        for part in asked.part or ["main"]:
            _part(experiment, part, asked)


def _tell(asked: argparse.Namespace, source: Path | None) -> None:
    what = source or f"{history.RELEASES} releases of {history.PROJECT}"
    print(
        f"{what}; {FREE + TIED} topics, {FREE} of them independent; thinking {topics.THINK:g} s + "
        f"{topics.PER_LINE:g} s a changed line at 1:{asked.scale:g}; "
        + ", ".join(f"{kind} {100 * share:g} %" for kind, share in RATES.items())
        + f"; {os.cpu_count()} cores, Python {platform.python_version()}"
    )


def _part(experiment: Experiment, part: str, asked: argparse.Namespace) -> None:
    seeds = asked.seeds
    if part == "main":
        names = (asked.arms or "alone,orch 1,orch 3,orch 5,apart 3,apart 5").split(",")
        experiment.compare("One agent, and several", _plain(*names), seeds)
    for times in (0, 1, 3) if part == "rates" else ():
        rates = {kind: times * share for kind, share in RATES.items()}
        ways = {name: (name, {"rates": rates}) for name in ("alone", "orch 3", "orch 5")}
        experiment.compare(f"Failures × {times}", ways, seeds)
    if part == "shape":
        ways = _plain("alone", "orch 3", "orch 5")
        experiment.compare("Nothing waits for anything", ways, seeds,
                           chosen=lambda seed: topics.loose(experiment.chosen(seed)))  # fmt: skip
        experiment.compare("Three chains of four", ways, seeds,
                           chosen=lambda s: topics.chained(experiment.chosen(s), 4))  # fmt: skip
    for times in (1 / 20, 1, 5) if part == "latency" else ():
        ways = {name: (name, {"scale": experiment.scale / times})
                for name in ("alone", "orch 1", "orch 3", "orch 5")}  # fmt: skip
        experiment.compare(f"Thinking × {times:g}", ways, seeds)
    for check in (1.0, 60.0) if part == "check" else ():
        ways = {name: (name, {"check": check}) for name in ("alone", "orch 3", "orch 5")}
        experiment.compare(f"A check of {check:g} s", ways, seeds)
    if part == "batch":
        ways = {f"{arm}, batch {n}": (arm, {"batch": n}) for arm in ("orch 3", "orch 5")
                for n in (1, 4)}  # fmt: skip
        experiment.compare("Batches of the queue", _plain("alone") | ways, seeds)


main()
