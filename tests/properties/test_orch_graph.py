"""The dependency graph against a small model: cycles, unmet counters, chains, the ready set."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orch.model import Run, Task
from orch.operations import cancellation, dependencies, runs, scheduling, tasks
from orch.store import audit
from orch.store import tasks as rows
from schema import file
from schema.failures import Failure
from schema.transaction import Database

NAMES = st.sampled_from([f"t{n}" for n in range(9)])
DEFAULTS = {
    "summary": "", "default_to": None, "rank": 0, "acceptance": None, "spec_path": None,
    "spec_text": None, "spec_sha256": None, "check_profile": None, "required_checks": "[]",
    "allowed_paths": "[]", "blocked_paths": "[]", "metadata": "{}", "max_attempts": 3,
    "risk": "low", "execution_mode": None,
}  # fmt: skip
DONE = ("dispatch", "run", "done")
FAILED = ("dispatch", "run", "fail")


class Node:
    def __init__(self, age: int, priority: int, waits: set[str]) -> None:
        self.age = age
        self.priority = priority
        self.waits = waits
        self.status = ""


class Graph(RuleBasedStateMachine):
    """Tasks that come, wait for each other, end well or badly, and go."""

    template: Path
    folder: Path

    @initialize()
    def open(self) -> None:
        self.nodes: dict[str, Node] = {}
        path = self.folder / "coord.db"
        for old in self.folder.glob("coord.db*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copy(self.template, path)
        path.chmod(0o600)
        self.db: Database = file.open_store(str(path))
        with self.db.write() as tx:
            runs.init(tx, {"run_id": "r", "goal": "g", "summary": "", "leader": "l", "repo_path": "",
                           "base_ref": "", "target": "", "ownership": "warn"})  # fmt: skip

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()

    def _find(self, tx: object, name: str) -> Task:
        return tasks.require(tx, "r", name)

    def _unmet(self, name: str) -> int:
        return sum(self.nodes[other].status != "done" for other in self.nodes[name].waits)

    def _reaches(self, start: str, goal: str) -> bool:
        return start == goal or any(self._reaches(n, goal) for n in self.nodes[start].waits)

    def _chain(self, name: str) -> int:
        behind = [n for n, node in self.nodes.items() if name in node.waits]
        return max((self._chain(n) + 1 for n in behind), default=0)

    def _settle(self, name: str) -> None:
        node = self.nodes[name]
        if node.status in ("", "planned", "ready"):
            node.status = "planned" if self._unmet(name) else "ready"

    @rule(name=NAMES, waits=st.sets(NAMES, max_size=3), priority=st.integers(0, 2))
    def add(self, name: str, waits: set[str], priority: int) -> None:
        fits = name not in self.nodes and waits <= set(self.nodes)
        values = {**DEFAULTS, "task_id": name, "title": name, "priority": priority}
        try:
            with self.db.write() as tx:
                tasks.add(tx, runs.require(tx, "r"), values, (), tuple(sorted(waits)))
        except Failure as failure:
            assert not fits, failure
            return
        assert fits
        self.nodes[name] = Node(len(self.nodes), priority, set(waits))
        self._settle(name)

    @rule(name=NAMES, other=NAMES)
    def depend(self, name: str, other: str) -> None:
        if not {name, other} <= set(self.nodes):
            return
        node = self.nodes[name]
        fits = not self._reaches(other, name) and node.status in ("planned", "ready", "failed")
        try:
            with self.db.write() as tx:
                dependencies.add(tx, self._find(tx, name), self._find(tx, other), "l")
        except Failure as failure:
            assert not fits, failure
            if failure.reason == "cycle":
                trail = failure.details["cycle"]
                assert trail[0] == trail[-1] == name
                assert trail[1] == other
                for one, two in zip(trail[1:], trail[2:], strict=False):
                    assert two in self.nodes[one].waits, "each step of the cycle is an edge"
            return
        assert fits
        node.waits.add(other)
        self._settle(name)

    @rule(name=NAMES, other=NAMES)
    def undepend(self, name: str, other: str) -> None:
        if not {name, other} <= set(self.nodes):
            return
        fits = other in self.nodes[name].waits
        try:
            with self.db.write() as tx:
                dependencies.remove(tx, self._find(tx, name), self._find(tx, other), "l")
        except Failure as failure:
            assert not fits, failure
            assert failure.reason == "dependency"
            return
        assert fits
        self.nodes[name].waits.discard(other)
        self._settle(name)

    @rule(name=NAMES, steps=st.sampled_from([DONE, FAILED]))
    def work(self, name: str, steps: tuple[str, ...]) -> None:
        """Take a ready task to its end, along the machine."""
        if name not in self.nodes or self.nodes[name].status != "ready":
            return
        with self.db.write() as tx:
            task = self._find(tx, name)
            for step in steps:
                tasks.move(tx, task, step, "l")
        self.nodes[name].status = task.status
        for other, node in self.nodes.items():
            if name in node.waits:
                self._settle(other)

    @rule(name=NAMES)
    def cancel(self, name: str) -> None:
        if name not in self.nodes or self.nodes[name].status in ("done", "cancelled"):
            return
        with self.db.write() as tx:
            cancellation.cancel(tx, runs.require(tx, "r"), name, "no")
        self.nodes[name].status = "cancelled"

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "db"):
            return
        with self.db.read() as tx:
            run: Run = runs.require(tx, "r")
            for name, node in self.nodes.items():
                task = self._find(tx, name)
                assert (task.status, task.unmet) == (node.status, self._unmet(name)), name
                chain = tx._connection.execute("SELECT chain FROM task WHERE task_no = ?",
                                               (task.task_no,)).get  # fmt: skip
                assert chain == self._chain(name), name
            ready = [n for n, node in self.nodes.items() if node.status == "ready"]
            ready.sort(key=lambda n: (-self.nodes[n].priority, -self._chain(n), self.nodes[n].age))
            found, more = scheduling.ready(tx, run, 3)
            assert [t.task_id for t in found] == ready[:3]
            assert more is (len(ready) > 3)
            for _, question in audit.QUESTIONS[:3]:
                assert audit.wrong(tx, question) == []
            assert len(rows.in_dispatch_order(tx, "r", 100, 0)) == len(ready)


def test_the_graph_agrees_with_a_small_model(empty_store: Path, tmp_path: Path) -> None:
    Graph.template = empty_store
    Graph.folder = tmp_path / "store"
    Graph.folder.mkdir(mode=0o700)
    machine = Graph.TestCase
    machine.settings = settings(
        max_examples=40, stateful_step_count=30, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    machine().runTest()
