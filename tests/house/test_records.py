"""A record's fields are its query's columns: names, types, and whether they may be NULL.

mypy believes what a record annotates; this is where the file is asked whether it is so. Queries
are found where they are made: `Entry.many(tx, _SQL["entry_open_of_queue"], …)`.
"""

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import NamedTuple, get_args, get_type_hints

import apsw
import apsw.ext
import pytest

from inbox.model import Lease
from orch.landing import snapshot
from orch.store import history, history_model
from orch.store.entries import Entry
from schema import file, new_store
from schema.queries import Query, Record
from tests.support.every import every

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("inbox", "orch", "council")
_TYPES = {"INTEGER": {int, bool}, "TEXT": {str}, "BLOB": {bytes}, "REAL": {float}}
_SHAPES = ("many", "maybe", "one")


class Use(NamedTuple):
    """A place where the rows of a query become records."""

    where: str
    kind: type[Record]
    shape: str
    query: Query


def _uses() -> Iterator[Use]:
    for path in sorted(p for name in _PACKAGES for p in (_ROOT / name).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not any(f".{shape}(" in source for shape in _SHAPES) or "_SQL" not in source:
            continue
        name = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=kind), attr=shape),
                    args=[_, ast.Subscript(slice=ast.Constant(value=block)), *_],
                ) if shape in _SHAPES and kind != "tx":
                    yield Use(
                        f"{name}:{block}", getattr(module, kind), shape, vars(module)["_SQL"][block]
                    )


_USES = list(_uses())
every_use = every(_USES, [use.where for use in _USES])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = str(tmp_path_factory.mktemp("records") / "coord.db")
    new_store.create(path)
    database = file.open_store(path)
    yield database.connection
    database.close()


def _hints(kind: type[Record]) -> dict[str, object]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name != "_flags"}


def _fields(kind: type[Record]) -> dict[str, object]:
    """Return a record's fields with their types; those of a record within it begin with its name.

    It is there or not, so each of its columns may be NULL.
    """
    found: dict[str, object] = {}
    for name, hint in _hints(kind).items():
        inner = [k for k in get_args(hint) if issubclass(k, Record)]
        found |= {f"{name}_{n}": k | None for each in inner for n, k in _hints(each).items()}
        found |= {} if inner else {name: hint}
    return found


@every_use
def test_the_fields_are_the_columns(use: Use, store: apsw.Connection) -> None:
    columns = [column[0] for column in apsw.ext.query_info(store, use.query.text).description]
    assert len(columns) == len(set(columns)), "two columns of one name"
    assert set(_fields(use.kind)) == set(columns)
    assert (use.shape == "many") == (use.query.shape == "many")


@every_use
def test_a_field_can_hold_what_its_column_does(use: Use, store: apsw.Connection) -> None:
    hints = _fields(use.kind)
    outer = set(re.findall(r"LEFT JOIN (\w+)", use.query.text))
    details = apsw.ext.query_info(store, use.query.text)
    for name, declared, _, table, origin in details.description_full or ():
        if table is None or origin is None or declared is None:
            continue  # Computed: SQLite does not tell what it may be.
        kinds = set(get_args(hints[name])) or {hints[name]}
        is_needed = any(store.column_metadata("main", table, origin)[2:4])
        is_needed |= f".{origin} IS NOT NULL" in use.query.text
        if table in outer or not is_needed:
            assert NoneType in kinds, f"{name} may be NULL"
        assert kinds - {NoneType} <= _TYPES[declared], f"{name} is {declared}"


HISTORY = {
    "history_tasks": (history_model.TaskHistory, set()),
    "history_attempts": (history_model.AttemptHistory, set()),
    "history_leases": (history_model.LeaseHistory, {"attempt_key"}),
    "history_checks": (history_model.CheckResult, {"attempt_key"}),
    "history_turns": (history_model.TurnHistory, {"attempt_key"}),
}


@pytest.mark.parametrize("block", HISTORY)
def test_a_value_of_a_runs_history_has_its_rows_columns(block: str, store: apsw.Connection) -> None:
    """They hold more than a row, so they are no records: what has no default is the row's."""
    kind, more = HISTORY[block]
    wanted = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is field.default_factory is dataclasses.MISSING
    }
    details = apsw.ext.query_info(store, history._SQL[block].text)
    assert wanted | more == {column[0] for column in details.description}


def test_every_record_is_the_rows_of_some_query() -> None:
    used = {use.kind for use in _USES}
    known = {kind for kind in Record.__subclasses__() if kind.__module__.split(".")[0] in _PACKAGES}
    assert known - used - {base for kind in used for base in kind.__mro__} == {Lease}


def test_the_planner_has_an_entrys_fields_as_its_row_has_them() -> None:
    """They are handed over by name, where mypy does not look."""
    row, told = _hints(Entry), get_type_hints(snapshot.Known)
    assert len(snapshot._SAME) > 10
    for name in snapshot._SAME:
        assert told[name] == row.get(name, str), name


def test_a_flag_is_true_or_false() -> None:
    class Row(Record):
        name: str
        is_told: bool

    row = Row(("is_told", "name"), (1, "a"))
    assert (row.is_told, row.name) == (True, "a")
    assert row.is_told is True
