"""A graph of a hundred thousand tasks: shapes, not milliseconds; plans, statements, steps."""

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from inbox.cli import plain
from orch import reads
from orch.operations import plans, runs, scheduling, tasks
from orch.plans import files
from orch.reports import document
from orch.store import audit, due
from orch.store import tasks as task_rows
from orch.store.history_model import History, TaskHistory
from schema import file
from schema.transaction import Database

COUNT = 100_000
BULK = f"""
INSERT INTO task (run_id, task_id, title, summary, priority, chain, status, unmet, created_at,
                  updated_at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT - 1})
SELECT 'r', 't' || i, 't', '', i % 3, 4 - i % 5, iif(i % 5 = 0, 'ready', 'planned'), i % 5 > 0,
       0, 0 FROM n;
INSERT INTO dependency SELECT task_no, task_no - 1 FROM task WHERE unmet = 1;
"""

RUN: dict = {"run_id": "r", "goal": "g", "summary": "", "leader": "l", "repo_path": "",
             "base_ref": "", "target": "", "ownership": "enforce"}  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Database]:
    """Chains of five, of which the first task each is ready."""
    folder = tmp_path_factory.mktemp("scale")
    folder.chmod(0o700)
    shutil.copy(empty_store, folder / "coord.db")
    found = file.open_store(str(folder / "coord.db"))
    with found.write() as tx:
        runs.init(tx, dict(RUN))
    found.connection.execute("PRAGMA synchronous=OFF")
    found.connection.execute(f"BEGIN; {BULK} COMMIT")
    yield found
    found.close()


class Meter:
    """Counts the statements of a connection and how far SQLite had to walk for them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.statements: list[str] = []
        self.scanned = 0
        self.steps = 0

    def __enter__(self) -> "Meter":
        self.db.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        self.db.connection.trace_v2(0, None)

    def _seen(self, event: dict) -> None:
        self.statements.append(event["sql"])
        status = event["stmt_status"]
        self.scanned += status["SQLITE_STMTSTATUS_FULLSCAN_STEP"]
        self.steps += status["SQLITE_STMTSTATUS_VM_STEP"]


def test_the_counters_of_the_sample_are_right(db: Database) -> None:
    with db.read() as tx:
        for _, question in audit.QUESTIONS[:3]:
            assert audit.wrong(tx, question) == []


@pytest.mark.parametrize("limit", [1, 20, 200])
def test_ready_walks_the_index_and_stops(db: Database, limit: int) -> None:
    with Meter(db) as meter, db.read() as tx:
        run = runs.require(tx, "r")
        assert due.due(tx, run) == (False,) * 6
        found, more = scheduling.ready(tx, run, limit)
    assert len(found) == limit
    assert more is True
    assert [t.priority for t in found] == [2] * limit
    assert len(meter.statements) <= 6, meter.statements
    assert meter.scanned == 0, "no step of any statement was one of a full scan"
    assert meter.steps < 1000 + 200 * limit, "and none was sorted"


def test_a_run_tells_its_state_without_counting_tasks(db: Database) -> None:
    with Meter(db) as meter, db.read() as tx:
        run = runs.require(tx, "r")
        assert run.status == "ready"
        kinds = ("task_done", "task_failed", "task_blocked", "task_stale", "run_done")
        assert reads.wanted_now(tx, run, kinds) is None
    assert meter.scanned == 0
    assert meter.steps < 5000
    assert len(meter.statements) <= 8


class Undo(Exception):
    """Takes a step back, so that the sample stays as it was made."""


def test_the_work_of_one_step_does_not_grow_with_the_graph(db: Database) -> None:
    """Dispatch and done of one task: a handful of statements, each along an index."""
    with pytest.raises(Undo), db.write() as tx:  # noqa: PT012 - what is undone is the block
        with Meter(db) as meter:
            run = runs.require(tx, "r")
            task = tasks.require(tx, "r", "t0")
            assert scheduling.hindrance(tx, run, task) is None
            for step in ("dispatch", "run", "done"):
                tasks.move(tx, task, step, "l")
            runs.record_run_end(tx, run)
        assert meter.scanned == 0
        assert meter.steps < 5000
        assert len(meter.statements) < 80
        assert tasks.require(tx, "r", "t1").status == "ready"
        assert audit.wrong(tx, "audit_unmet") == []
        raise Undo


def test_people_are_shown_a_long_run_by_its_first_tasks(db: Database) -> None:
    """The rest is read in brief: what the next step is told by; but not what is at work."""
    with Meter(db) as meter, db.read() as tx:
        found = reads.status(tx, "r", {}, most=200)
    assert len(found) == COUNT and json.loads(found[-1])["task_id"] == f"t{COUNT - 1}"
    assert len(meter.statements) == 5
    assert all(len(text) < 250 for text in found[200:]) and "acceptance" in found[199]
    assert meter.steps < 80 * COUNT
    with pytest.raises(Undo), db.write() as tx:  # noqa: PT012 - what is undone is the block
        tasks.move(tx, tasks.require(tx, "r", "t500"), "dispatch", "l")
        found = reads.status(tx, "r", {}, most=10)
        assert [json.loads(found[at])["task_id"] for at in (9, 10, 500)] == ["t9", "t10", "t500"]
        assert "acceptance" in found[500] and "acceptance" not in found[10]
        raise Undo


def test_a_plan_lengthens_each_chain_once(db: Database) -> None:
    """A chain of n tasks, then n more behind it: so many updates, not n * n."""
    count = 300
    with pytest.raises(Undo), db.write() as tx:  # noqa: PT012 - what is undone is the block
        runs.init(tx, RUN | {"run_id": "q"})
        run = runs.require(tx, "q")
        for first in (0, count):
            chain = [
                {"id": f"n{i}", "title": "t", "depends_on": [f"n{i - 1}"] if i else []}
                for i in range(first, first + count)
            ]
            reading = files.reading_of(json.dumps({"tasks": chain}).encode(), "plan.json")
            wanted, _ = plans.compare(tx, run, reading, {})
            with Meter(db) as meter:
                plans.apply(tx, run, wanted)
            assert len(wanted) == count and len(meter.statements) < 13 * count
        first_one = task_rows.document(tx, tasks.require(tx, "q", "n0").task_no)
        assert json.loads(first_one)["waiting_chain"] == 2 * count - 1
        assert audit.wrong(tx, "audit_chain") == []
        raise Undo


class Counted(list):
    """A list that knows how often it was walked through."""

    walked = 0

    def __iter__(self):
        self.walked += 1
        return super().__iter__()


def test_a_report_walks_the_edges_a_few_times_whatever_the_run(db: Database) -> None:
    names = [f"t{i}" for i in range(200)]
    edges = Counted(pairwise(names))
    found = [
        TaskHistory(number, name, "t", "planned", 1, None, "", 0, 0, 0, None, None)
        for number, name in enumerate(names)
    ]
    account = document.Account({}, History("r", 0, found, edges))
    assert [task["depends_on"] for task in account.document()["tasks"]][:2] == [[], ["t0"]]
    assert edges.walked <= 3


def test_a_listing_formats_what_it_may_show(monkeypatch: pytest.MonkeyPatch) -> None:
    formatted = []
    line = plain.line
    monkeypatch.setattr(plain, "line", lambda text, width: formatted.append(1) or line(text, width))
    rows = [(number, "ready") for number in range(50_000)]
    text = plain.listing("head", ("TASK", "STATUS"), rows, "more")
    shown = len(text.splitlines()) - 3
    assert len(text.encode()) < 3_800 and text.endswith(f"\n{50_000 - shown} more: more")
    assert len(formatted) < 4_000
    longer = plain.listing("head", ("TASK", "STATUS"), rows[: shown + 1], "more")
    assert longer.endswith("\n1 more: more"), "one more row does not fit"
    assert "more" not in plain.listing("head", ("TASK", "STATUS"), rows[:shown], "more")
