"""One table per state machine: code, trigger and file agree, state by state."""

import ast
import re
from itertools import product
from pathlib import Path

import apsw
import pytest

from inbox.cli import grammar
from inbox.machines import THREAD
from orch.cli import table
from orch.cli.landing import table as landing_table
from orch.machines import ENTRY, IN_TARGET, REQUEST, TASK
from orch.model import WORKED
from schema import file, new_store
from schema.failures import Failure
from tests.references import MACHINES
from tests.support.every import every


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    """A store with a run, whose constraints on anything but states are switched off."""
    path = str(tmp_path_factory.mktemp("machines") / "coord.db")
    new_store.create(path)
    connection = file.connect(path)
    connection.execute("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON")
    connection.execute(
        "INSERT INTO run (run_id, goal, summary, leader, created_at, updated_at) "
        "VALUES ('r', '', '', 'l', 0, 0)"
    )
    return connection


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_the_file_holds_exactly_the_edges_of_the_table(connection, machine):
    rows = connection.execute(
        "SELECT source, target FROM transition WHERE machine = ?", (machine.name,)
    ).fetchall()
    assert set(rows) == machine.edges()


def test_no_other_machine_is_in_the_file(connection):
    names = {row[0] for row in connection.execute("SELECT machine FROM transition")}
    assert names >= {machine.name for machine in MACHINES}


_ROWS = {
    "thread": "INSERT INTO thread (thread_id, subject, summary, status, priority, created_by, "
    "addressed_to, assigned_to, created_at, updated_at) "
    "VALUES (lower(hex(randomblob(8))), '', '', 'pending', 1, 'a', 'b', 'b', 0, 0)",
    "task": "INSERT INTO task (run_id, task_id, title, summary, priority, status, created_at, "
    "updated_at) VALUES ('r', lower(hex(randomblob(8))), '', '', 1, 'ready', 0, 0)",
    "request": "INSERT INTO request (request_id, title, body, requester, priority, status, "
    "created_event, created_at, updated_at) "
    "VALUES (lower(hex(randomblob(8))), '', '', 'a', 1, 'new', 1, 0, 0)",
    "entry": "INSERT INTO entry (queue_no, run_id, head_commit, base_commit, strategy, priority, "
    "added_by, queued_event, last_event, created_at, updated_at) "
    "VALUES (1, 'r', '', '', 'merge', 1, 'l', 0, 0, 0, 0)",
    "machine": "INSERT INTO machine (machine_id, name, boot_id, session, seen_at, until, "
    "created_at) VALUES (lower(hex(randomblob(8))), '', '', '', 0, 0, 0)",
}


def _cases():
    for machine in MACHINES:
        for source, target in product(machine.states, repeat=2):
            if source != target:
                yield machine, source, target


@every(_cases(), [f"{m.name}-{source}-{target}" for m, source, target in _cases()])
def test_the_file_itself_refuses_moves_outside_the_table(machine, source, target, connection):
    connection.execute("BEGIN")
    try:
        connection.execute(_ROWS[machine.name])
        row = connection.last_insert_rowid()
        name = f"{machine.name}_transition"
        trigger = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).get
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(f"UPDATE {machine.name} SET status = ? WHERE rowid = ?", (source, row))
        connection.execute(trigger)
        move = f"UPDATE {machine.name} SET status = ? WHERE rowid = ?"
        if (source, target) in machine.edges():
            connection.execute(move, (target, row))
        else:
            with pytest.raises(apsw.ConstraintError, match="illegal transition"):
                connection.execute(move, (target, row))
    finally:
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_code_allows_exactly_the_events_of_the_table(machine):
    events = {rule.event for rule in machine.rules}
    for state, event in product(machine.states, events):
        tabled = {r.target for r in machine.rules if (r.source, r.event) == (state, event)}
        if tabled:
            assert machine.next(state, event) in tabled
            assert all(machine.next(state, event, target) == target for target in tabled)
        else:
            with pytest.raises(Failure) as refusal:
                machine.next(state, event)
            assert refusal.value.reason in ("terminal", "transition")


_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("schema", "inbox", "orch", "council")
_LIST = re.compile(r"status\s+(?:NOT\s+)?IN\s*\(([^():]*)\)", re.IGNORECASE)
# Every list of three statuses and more is one of these; who changes a machine changes them.
_GROUPS = {
    frozenset(group)
    for group in (
        *(group for one in MACHINES for group in (one.moving, one.stopped, one.over)),
        WORKED,
        IN_TARGET,
        tuple(set(ENTRY.over) - {"verified"}),  # Its work may never have come to the target.
        tuple(set(REQUEST.states) - {"new", "planned", "applied"}),  # Its engineer has the word.
    )
    if len(group) > 2
}
_STATES = [set(machine.states) for machine in MACHINES] + [{"passed", "failed", "error"}]
_TOLD_HERE = {"inbox/model.py", "inbox/machines.py", "orch/model.py", "orch/machines.py"}


def test_lists_of_all_statuses_are_those_of_the_machines():
    assert THREAD.states == grammar.STATUSES
    assert TASK.states == table.TASK_STATUSES
    assert ENTRY.states == landing_table.ENTRY_STATUSES


def test_statuses_listed_in_sql_are_groups_of_a_machine():
    found = 0
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*.sql"):
            if path.parent.name == "migrations":
                continue
            for inside in _LIST.findall(path.read_text(encoding="utf-8")):
                named = frozenset(re.findall(r"'(\w+)'", inside))
                found += 1
                known = named in _GROUPS or (len(named) < 3 and any(named <= s for s in _STATES))
                assert known, f"{path}: {sorted(named)}"
    assert found > 40


def test_statuses_are_listed_once():
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*.py"):
            if str(path.relative_to(_ROOT)) in _TOLD_HERE:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
                    words = [one.value for one in node.elts if isinstance(one, ast.Constant)]
                    spelled = len(words) == len(node.elts) and frozenset(words) in _GROUPS
                    assert not spelled, f"{path}:{node.lineno}: {words} has a name in a machine"
