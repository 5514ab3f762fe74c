"""The dependency graph against a small model: cycles, unmet counters, chains, the ready set."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orch.model import Run, Task
from orch.operations import cancellation, dependencies, runs, scheduling, tasks
from orch.store import audit
from orch.store import tasks as rows
from schema import file
from schema.failures import Failure
from schema.transaction import Database, Tx

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
            names = ("summary", "repo_path", "base_ref", "target")
            values = {"run_id": "r", "goal": "g", "leader": "l", "ownership": "warn"}
            runs.init(tx, {**dict.fromkeys(names, ""), **values})

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()

    def _find(self, tx: Tx, name: str) -> Task:
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

    def _refused(self, step: Callable[[Tx], object]) -> Failure | None:
        """Do one step in a transaction of its own; return why not, None when it was done."""
        try:
            with self.db.write() as tx:
                step(tx)
        except Failure as failure:
            return failure
        return None

    @rule(name=NAMES, waits=st.sets(NAMES, max_size=3), priority=st.integers(0, 2))
    def add(self, name: str, waits: set[str], priority: int) -> None:
        values = {**DEFAULTS, "task_id": name, "title": name, "priority": priority}
        needs = tuple(sorted(waits))
        why = self._refused(lambda tx: tasks.add(tx, runs.require(tx, "r"), values, (), needs))
        fits = name not in self.nodes and waits <= set(self.nodes)
        assert (why is None) is fits, why
        if fits:
            self.nodes[name] = Node(len(self.nodes), priority, set(waits))
            self._settle(name)

    @rule(name=NAMES, other=NAMES)
    def depend(self, name: str, other: str) -> None:
        if not {name, other} <= set(self.nodes):
            return
        node = self.nodes[name]
        circle = self._reaches(other, name)
        fits = not circle and node.status in ("planned", "ready", "failed")
        why = self._refused(
            lambda tx: dependencies.add(tx, self._find(tx, name), self._find(tx, other), "l")
        )
        assert (why is None) is fits, why
        if fits:
            node.waits.add(other)
            self._settle(name)
        elif why is not None and why.reason == "cycle":
            assert circle
            trail = why.details["cycle"]
            assert (trail[0], trail[-1], trail[1]) == (name, name, other)
            for one, two in pairwise(trail[1:]):
                assert two in self.nodes[one].waits, "each step of the cycle is an edge"

    @rule(name=NAMES, other=NAMES)
    def undepend(self, name: str, other: str) -> None:
        if not {name, other} <= set(self.nodes):
            return
        why = self._refused(
            lambda tx: dependencies.remove(tx, self._find(tx, name), self._find(tx, other), "l")
        )
        assert (why is None) is (other in self.nodes[name].waits), why
        if why is None:
            self.nodes[name].waits.discard(other)
            self._settle(name)
        else:
            assert why.reason == "dependency"

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
