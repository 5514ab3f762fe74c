"""Named SQL blocks and the records their rows become: SQL is text beside its store.

A block is `-- name: noun_verb[_qualifier] :one|maybe|many|exec`, comment lines that say
why, then one statement. `-- scan: reason` allows a full scan (tests/house/test_sql.py).
A block of shape `:part` is no statement: others of its file have its text where they say
`{its_name}`, so that the columns of a record stand once.
"""

import apsw

from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from schema.transaction import ReadTx, Row

_SHAPES = ("one", "maybe", "many", "exec", "part")
_HEAD = "-- name: "


class Record:
    """A row whose columns are the fields of a class that only annotates them.

    Filled by name: the order of a SELECT says nothing. tests/house/test_records.py holds every
    class against the columns of its queries, their types and whether they may be NULL. A field
    that is annotated `bool` is one: SQLite answers 0 and 1. No slots: names would stand twice.
    """

    _flags: "tuple[str, ...]" = ()

    def __init_subclass__(cls) -> None:
        own = cls.__annotations__.items()
        cls._flags += tuple([name for name, kind in own if kind is bool])

    def __init__(self, columns: "tuple[str, ...]", row: "Row") -> None:
        fields = self.__dict__
        fields.update(zip(columns, row, strict=True))
        for name in self._flags:
            fields[name] = bool(fields[name])

    @classmethod
    def many(cls, tx: "ReadTx", query: "Query", **values: object) -> "list[Self]":
        """Return all rows."""
        rows = _rows(tx, query, values)
        columns = query.columns
        return [cls(columns, row) for row in rows]

    @classmethod
    def maybe(cls, tx: "ReadTx", query: "Query", **values: object) -> "Self | None":
        """Return the first row, or None."""
        found = cls.many(tx, query, **values)
        return found[0] if found else None

    @classmethod
    def one(cls, tx: "ReadTx", query: "Query", **values: object) -> "Self":
        """Return the one row. Raises: internal_error when there is none (our bug)."""
        found = cls.many(tx, query, **values)
        if not found:
            raise Failure("internal_error", "bug", f"{query.name}: no row where one must be")
        return found[0]


class Query:
    """One statement with its name and its cardinality; `columns` once it has had a row.

    `path` is its file: beside it may stand the same block in another engine's words.
    """

    __slots__ = ("columns", "name", "path", "scan", "shape", "text")

    def __init__(self, name: str, shape: str, text: str, scan: str) -> None:
        self.columns: tuple[str, ...] = ()
        self.path = ""
        self.name = name
        self.shape = shape
        self.text = text
        self.scan = scan


class Queries:
    """The blocks of one `.sql` file, read when the first of them is needed.

    Only the blocks that are asked for are taken apart: a short command uses two of twenty.
    """

    __slots__ = ("_path", "_queries", "_source")

    def __init__(self, path: str) -> None:
        self._path = path
        self._source = ""
        self._queries: dict[str, Query] = {}

    def __getitem__(self, name: str) -> Query:
        query = self._queries.get(name)
        if query is None:
            query = self._queries[name] = self._read(name)
        return query

    def _read(self, name: str) -> Query:
        """Return the block `name`. Raises: KeyError."""
        if not self._source:
            with open(self._path, "rb", buffering=0) as file:  # Text mode costs 40 us more.
                self._source = file.read().decode()
        _, found, rest = self._source.partition(f"{_HEAD}{name} :")
        if not found:
            raise KeyError(name)
        query = _block(f"{name} :{rest.partition(_HEAD)[0]}")
        query.path = self._path
        if "{" in query.text:
            query.text = _with_parts(query.text, lambda part: self[part].text)
        return query


def named(tx: "ReadTx", query: Query, **values: object) -> "list[dict[str, Any]]":
    """Return all rows by the names of their columns: for values that are more than a row."""
    rows = _rows(tx, query, values)
    return [dict(zip(query.columns, row, strict=True)) for row in rows]


def _rows(tx: "ReadTx", query: Query, values: dict[str, object]) -> "list[Row]":
    """Return all rows; from the first one on the query knows its columns."""
    cursor = tx.run(query, values)
    if not query.columns:
        try:
            query.columns = tuple([head[0] for head in cursor.get_description()])
        except apsw.ExecutionCompleteError:  # Without a row there are no names either.
            return []
    return cursor.fetchall()


def load(python_file: str) -> Queries:
    """Return the queries of the `.sql` file that stands beside `python_file`."""
    return Queries(python_file.rpartition(".")[0] + ".sql")


def parse(source: str) -> dict[str, Query]:
    """Return all statements of `source` by name, their parts filled in.

    Raises: ValueError for a block without a known shape or with a name used twice; KeyError for
    a part that is not there.
    """
    queries: dict[str, Query] = {}
    for block in source.split(_HEAD)[1:]:
        query = _block(block)
        if query.name in queries:
            raise ValueError(f"two query blocks are named {query.name!r}")
        queries[query.name] = query
    for query in queries.values():
        query.text = _with_parts(query.text, lambda part: queries[part].text)
    return {name: query for name, query in queries.items() if query.shape != "part"}


def _with_parts(text: str, text_of: "Callable[[str], str]") -> str:
    """Return `text` with each `{name}` replaced; other braces are JSON's and stay."""
    done, opened, rest = text.partition("{")
    while opened:
        name, closed, after = rest.partition("}")
        if closed and name.isidentifier():
            done, rest = done + text_of(name), after
        else:
            done += opened
        before, opened, rest = rest.partition("{")
        done += before
    return done


def _block(block: str) -> Query:
    """Return the query of a block's text, which begins with its name."""
    head, _, body = block.partition("\n")
    name, _, shape = head.strip().partition(" :")
    if shape not in _SHAPES:
        raise ValueError(f"bad query block {head!r}")
    scan = ""
    lines = []
    for line in body.splitlines():
        if line.startswith("-- scan: "):
            scan = line[len("-- scan: ") :]
        elif not line.startswith("--"):
            lines.append(line)
    return Query(name, shape, "\n".join(lines).strip().rstrip(";"), scan)
