"""Every SQL block: it compiles, it is used, it writes only its package's tables, it scans nothing.

The plans are those of the real schema without statistics, on a connection as the store opens it,
so a missing index fails here and not at a million messages.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from schema import file, new_store, queries
from schema.queries import Query
from tests.support.every import every

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("schema", "inbox", "orch", "council")
# Of the tables that 0001_inbox.sql makes, these are every package's: only schema writes them.
_SHARED = frozenset(("store", "transition", "event", "idempotency_key"))
_WRITES = frozenset((apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE))
_PLACED = re.compile(r":([a-z_]\w*)")


class Block(NamedTuple):
    """One query with the file that it stands in."""

    path: Path
    query: Query

    @property
    def package(self) -> str:
        return self.path.relative_to(_ROOT).parts[0]


def _files() -> list[Path]:
    found = [p for name in _PACKAGES for p in (_ROOT / name).rglob("*.sql")]
    kept = (p for p in found if p.parent.name != "migrations" and not p.name.endswith(".pg.sql"))
    return sorted(kept)  # The other engine's: test_engines.py.


def _blocks() -> Iterator[Block]:
    for path in _files():
        for query in queries.parse(path.read_text(encoding="utf-8")).values():
            yield Block(path, query)


_BLOCKS = list(_blocks())
every_block = every(_BLOCKS, [f"{b.path.relative_to(_ROOT)}:{b.query.name}" for b in _BLOCKS])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = str(tmp_path_factory.mktemp("sql") / "coord.db")
    new_store.create(path)
    database = file.open_store(path)
    yield database.connection
    database.close()


def _explain(store: apsw.Connection, how: str, query: Query) -> list[tuple]:
    values = dict.fromkeys(_PLACED.findall(query.text))
    return store.execute(f"{how} {query.text}", values).fetchall()


def _steps_over(store: apsw.Connection, query: Query) -> set[str]:
    """Return the tables and indexes that the query's program walks from one end.

    The checks of immediate foreign keys never run here (the counter that guards them is zero:
    no statement leaves such a violation behind), so what they would walk does not count.
    """
    names = dict(store.execute("SELECT rootpage, name FROM sqlite_schema WHERE rootpage > 0"))
    opened: dict[int, str] = {}
    begun: dict[int, str] = {}
    walked = set()
    skip_to = 0
    for address, code, p1, p2, p3, _, _, _ in _explain(store, "EXPLAIN", query):
        if code == "FkIfZero" and p1 == 0:
            skip_to = p2
        if code in ("OpenRead", "OpenWrite", "ReopenIdx") and p3 == 0 and p2 in names:
            opened[p1] = names[p2]
        elif address >= skip_to and code in ("Rewind", "Last"):
            begun[p1] = opened.get(p1, "")
        elif address >= skip_to and code in ("Next", "Prev") and p1 in begun:
            walked.add(begun[p1])
    return {name for name in walked if name and not name.startswith("sqlite_")}


@every_block
def test_a_block_scans_nothing_unless_it_says_why(block: Block, store: apsw.Connection) -> None:
    lines = [row[3] for row in _explain(store, "EXPLAIN QUERY PLAN", block.query)]
    scans = [line for line in lines if line.startswith("SCAN ") and "CONSTANT ROW" not in line]
    if block.query.scan:
        assert scans, "it gives a reason to scan, and does not scan"
    elif scans:
        walked = _steps_over(store, block.query)
        assert not walked, "add an index, or a line `-- scan: why that is bounded`"


@every_block
def test_a_block_writes_only_its_packages_tables(block: Block, store: apsw.Connection) -> None:
    written = set()

    def _note(action: int, table: str, _column: str, _schema: str, trigger: str | None) -> int:
        if action in _WRITES and trigger is None and not table.startswith("sqlite_"):
            written.add(table)
        return apsw.SQLITE_OK

    store.authorizer = _note
    try:
        _explain(store, "EXPLAIN", block.query)
    finally:
        store.authorizer = None
    foreign = {table for table in written if _owner(table) != block.package}
    assert not foreign, f"{block.package} writes {foreign}"
    if block.query.shape != "exec":
        assert not written or "RETURNING" in block.query.text
    else:
        assert written, "it is :exec and writes nothing"


def _owner(table: str) -> str:
    if table in _SHARED:
        return "schema"
    for script in sorted((_ROOT / "schema" / "migrations").glob("*.sql")):
        made = re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", script.read_text(encoding="utf-8"))
        if any(table == name or table.startswith(f"{name}_") for name in made):
            words = script.stem.split("_")[1]
            return words if words in _PACKAGES else "orch"  # 0004_work: what later ones add.
    return f"nobody: {table}"


@every_block
def test_a_block_is_used_by_the_module_beside_it(block: Block) -> None:
    code = block.path.with_suffix(".py").read_text(encoding="utf-8")
    prefixes = re.findall(r'"(\w+_)" \+', code)  # _SQL["wait_state_" + kind]
    assert f'"{block.query.name}"' in code or block.query.name.startswith(tuple(prefixes))


@every(_files(), [str(p.relative_to(_ROOT)) for p in _files()])
def test_a_module_asks_for_blocks_that_are_there(path: Path) -> None:
    code = path.with_suffix(".py").read_text(encoding="utf-8")
    asked = set(re.findall(r'_SQL\["(\w+)"\]', code))
    assert asked <= set(queries.parse(path.read_text(encoding="utf-8")))


def test_a_named_block_is_read_as_it_is_parsed() -> None:
    """Queries takes single blocks out of the file; parse() reads them all: both agree."""
    for path in _files():
        lazily = queries.load(str(path.with_suffix(".py")))
        for name, query in queries.parse(path.read_text(encoding="utf-8")).items():
            assert (lazily[name].text, lazily[name].shape) == (query.text, query.shape)
        with pytest.raises(KeyError):
            lazily["no_such_block"]


def test_no_sql_outside_the_blocks_reads_or_writes_tables() -> None:
    """Python of the packages holds no statement on tables; schema opens, migrates and verifies."""
    statement = re.compile(r'"\s*(SELECT .* FROM|INSERT INTO|UPDATE|DELETE FROM) \w')
    allowed = {
        "schema/new_store.py",
        "schema/json_check.py",
        "inbox/cli/plain.py",
        "schema/pg/move.py",
    }
    found = []
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*.py"):
            name = str(path.relative_to(_ROOT))
            if name not in allowed and statement.search(path.read_text(encoding="utf-8")):
                found.append(name)
    assert not found


def test_each_migration_has_a_number_of_its_own_up_to_the_version() -> None:
    names = [p.name for p in (_ROOT / "schema" / "migrations").glob("*.sql")]
    assert sorted(int(name[:4]) for name in names) == list(range(1, file.SCHEMA_VERSION + 1))
