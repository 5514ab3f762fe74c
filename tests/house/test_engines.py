"""Both engines hold the same store: one migration number, the same tables, the same statements."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import apsw.ext
import pytest

from schema import file, new_store, queries
from schema.pg import statements, wire
from tests.support import servers
from tests.support.engines import ENGINES
from tests.support.every import every

_ROOT = Path(__file__).resolve().parents[2]
_WHOLE_SUITE = "server" in ENGINES
_PACKAGES = ("schema", "inbox", "orch", "council") if _WHOLE_SUITE else ("schema", "inbox")
_NEWEST = max(int(p.name[:4]) for p in (_ROOT / "schema/pg/migrations").glob("*.sql"))
_HERE_ONLY = {
    "blob",
    "counter",
    "store_version",
    "waiter",
}  # On the file: bytes beside it; SQLite keeps the next two.
_TEXTS = {
    "rowid",
    "subject",
    "summary",
    "body",
    "event_id",
    "words",
}  # Full text is each one's own.
_LOOKED_UP = re.compile(r"'(?:[^']|'')*'|::\w+|:([a-z_]\w*)")
# Values that no column is called by and that are numbers.
_WHOLE = frozenset((
    "after", "after_event", "boot", "last", "limit", "lost", "now", "since", "step", "through",
    "unread_only", "last_line_at",
))  # fmt: skip
_LISTS = frozenset(("addressees", "kinds", "offers", "statuses", "commits"))

# A file of tests that is given or makes a store, and one that is about files as a whole.
_HAS_STORE = re.compile(
    r"^from tests\.support\.(cli|runs|workers|drives|queues|councils|session|stage) import"
    r"|^from tests\.support import .*\b(runs|drives)\b|runner\.require_clean"
    r"|\b(inbox|bare|empty_store|day_stage): ",
    re.MULTILINE,
)
_WITHOUT_STORE = {
    _ROOT / "tests/properties/test_queue_planner.py",  # The planners decide and look at nothing.
    _ROOT / "tests/properties/test_drive_planner.py",
    _ROOT / "tests/house/test_imports.py",  # What commands load, and that a file needs no driver.
}
_ON_FILE = re.compile(r"^pytestmark = (\[[^\]]*)?pytest\.mark\.on_file\(", re.MULTILINE)

needs_server = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)


def _files() -> list[Path]:
    found = [p for name in _PACKAGES for p in (_ROOT / name).rglob("*.sql")]
    kept = (p for p in found if p.parent.name != "migrations" and not p.name.endswith(".pg.sql"))
    return sorted(kept)


_BLOCKS = [
    (path, query)
    for path in _files()
    for query in queries.parse(path.read_text(encoding="utf-8")).values()
]
every_block = every(_BLOCKS, [f"{p.relative_to(_ROOT)}:{q.name}" for p, q in _BLOCKS])


@pytest.fixture(scope="module")
def server() -> Iterator["wire.Connection"]:
    cluster = servers.shared()
    cluster.make("house")
    connection = cluster.connect("house")
    # What is left that walks a table has no index to go by.
    for way in ("seqscan", "hashjoin", "mergejoin", "bitmapscan"):
        wire.run(connection, f"SET enable_{way} = off")
    wire.run(connection, "SET search_path = orch; SET plan_cache_mode = force_generic_plan")
    yield connection
    connection.close()
    cluster.drop("house")


@pytest.fixture(scope="module")
def file_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = str(tmp_path_factory.mktemp("engines") / "coord.db")
    new_store.create(path)
    connection = apsw.Connection(path)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the columns of each table of a file."""
    path = str(tmp_path_factory.mktemp("engines") / "coord.db")
    new_store.create(path, _NEWEST)
    connection = apsw.Connection(path)
    rows = connection.execute(
        "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
        " WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'"
    ).fetchall()
    connection.close()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        if not re.match(r"message_text_(?!state)", table):
            found.setdefault(table, set()).add(column)
    return found


def test_every_test_of_a_store_runs_on_both() -> None:
    """From one text: `make test-pg WHOLE=1` runs its file, or the file says why it does not."""
    words = ["make", "-n", "test-pg", "WHOLE=1"]
    said = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    asked = {_ROOT / word for word in said.split("pytest")[-1].split()}
    for path in {*(_ROOT / "tests").rglob("test_*.py")} - _WITHOUT_STORE:
        text = path.read_text(encoding="utf-8")
        if _HAS_STORE.search(text) and not _ON_FILE.search(text):
            assert {path, *path.parents} & asked, path


@pytest.mark.skipif(not _WHOLE_SUITE, reason="of make test-pg")
def test_one_migration_number_counts_for_both() -> None:
    assert file.SCHEMA_VERSION == _NEWEST, "a migration of the file needs its twin: schema/pg"


@needs_server
def test_both_have_the_same_tables_and_columns(
    server: "wire.Connection", columns: dict[str, set[str]]
) -> None:
    rows = wire.run(
        server,
        "SELECT table_name::text, column_name::text FROM information_schema.columns"
        " WHERE table_schema = 'orch'",
    ).fetchall()
    there: dict[str, set[str]] = {}
    for table, column in rows:
        there.setdefault(table, set()).add(column)
    assert set(there) - set(columns) == _HERE_ONLY
    assert set(columns) - set(there) == set()
    for table, names in columns.items():
        assert (names ^ there[table]) - (_TEXTS if table == "message_text" else set()) == set(), (
            table
        )


@needs_server
def test_both_allow_the_same_moves(server: "wire.Connection", tmp_path: Path) -> None:
    new_store.create(str(tmp_path / "coord.db"), _NEWEST)
    moves = "SELECT machine, source, target FROM transition"
    connection = apsw.Connection(str(tmp_path / "coord.db"))
    assert set(connection.execute(moves)) == set(wire.run(server, moves).fetchall())
    connection.close()


@every(_files(), [str(p.relative_to(_ROOT)) for p in _files()])
def test_a_twin_has_no_block_of_its_own(path: Path) -> None:
    twin = path.with_suffix(".pg.sql")
    if twin.exists():
        heads = re.compile(r"^-- name: (\w+) :(\w+)", re.M)
        own = dict(heads.findall(path.read_text(encoding="utf-8")))
        for name, shape in heads.findall(twin.read_text(encoding="utf-8")):
            assert own.get(name) == shape, name


def _type_of(name: str, columns: dict[str, str]) -> str:
    if name in _LISTS:
        return "text"
    return "bigint" if name in _WHOLE else columns.get(name, "text")


def _prepared(server: "wire.Connection", path: Path, query: queries.Query) -> str:
    """Prepare a block as the server takes it; return the call with a NULL for each value."""
    kinds = dict(
        wire.run(
            server,
            "SELECT column_name::text, min(data_type)::text FROM information_schema.columns"
            " WHERE table_schema = 'orch' AND data_type IN ('text', 'bigint', 'bytea') GROUP BY 1",
        ).fetchall()
    )
    query = queries.load(str(path.with_suffix(".py")))[query.name]
    names: list[str] = []
    said: set[int] = set()  # Places of which the server cannot tell the type by itself.

    def _place(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0]
        if found[1] not in names:
            names.append(found[1])
        number = names.index(found[1]) + 1
        return f"${number}" + (f"::{_type_of(found[1], kinds)}" if number in said else "")

    while True:
        wire.run(server, "DEALLOCATE ALL")
        try:
            wire.run(server, f"PREPARE block AS {_LOOKED_UP.sub(_place, statements.own(query))}")
            break
        except wire.Error as error:
            unknown = re.search(r"data type of parameter \$(\d+)", str(error))
            if len(said) == len(names):
                raise
            # At last each as its column is: a driver sends them typed anyway.
            said |= {int(unknown[1])} if unknown else set(range(1, len(names) + 1))
    values = ", ".join("NULL" for _ in names)
    return f"EXECUTE block({values})" if names else "EXECUTE block"


def _walked(node: dict) -> Iterator[str]:
    """Yield the tables that a plan reads from one end."""
    kind = node["Node Type"]
    if kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in node):
        yield f"{node.get('Relation Name')} {node.get('Alias')}"
    for inner in node.get("Plans", ()):
        yield from _walked(inner)


@needs_server
@every_block
def test_a_block_goes_by_an_index_on_the_server_too(
    path: Path, query: queries.Query, server: "wire.Connection"
) -> None:
    call = _prepared(server, path, query)
    ((told,),) = wire.run(server, f"EXPLAIN (FORMAT JSON) {call}").fetchall()
    walked = set(_walked(json.loads(told)[0]["Plan"]))
    if not query.scan and path.relative_to(_ROOT).parts[0] in ("schema", "inbox"):
        assert not walked - _SMALL, "an index is missing, or the plan is another than SQLite's"


@needs_server
@every_block
def test_a_block_gives_as_many_columns_on_both(
    path: Path, query: queries.Query, server: "wire.Connection", file_store: apsw.Connection
) -> None:
    """A column that one engine's block has more is a change that the other's missed."""
    if not query.text.startswith(("SELECT", "WITH")) or "pragma_" in query.text:
        return
    wanted = apsw.ext.query_info(file_store, query.text).description
    call = _prepared(server, path, query)
    wire.run(server, "BEGIN")
    try:
        found = wire.run(server, call).get_description()
    finally:
        wire.run(server, "ROLLBACK")
    assert len(found) == len(wanted)
    named = {head[0] for head in found} - {"?column?"}
    plain = {head[0] for head in wanted if head[0].isidentifier()}
    assert not plain - named or query.shape == "one" or "row_to_json" in statements.own(query)


# One row each, and never more.
_SMALL = {f"{table} {table}" for table in ("store", "message_text_state", "counter")}
