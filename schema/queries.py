"""Named SQL blocks: SQL is text beside its store, never built in Python.

A block is `-- name: noun_verb[_qualifier] :one|maybe|many|exec`, comment lines that say
why, then one statement. `-- scan: reason` allows a full scan (tests/house/test_sql.py).
"""

_SHAPES = ("one", "maybe", "many", "exec")
_HEAD = "-- name: "


class Query:
    """One statement with its name and its cardinality."""

    __slots__ = ("name", "scan", "shape", "text")

    def __init__(self, name: str, shape: str, text: str, scan: str) -> None:
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
        return _block(f"{name} :{rest.partition(_HEAD)[0]}")


def load(python_file: str) -> Queries:
    """Return the queries of the `.sql` file that stands beside `python_file`."""
    return Queries(python_file.rpartition(".")[0] + ".sql")


def parse(source: str) -> dict[str, Query]:
    """Return all blocks of `source` by name.

    Raises: ValueError for a block without a known shape or with a name used twice.
    """
    queries: dict[str, Query] = {}
    for block in source.split(_HEAD)[1:]:
        query = _block(block)
        if query.name in queries:
            raise ValueError(f"two query blocks are named {query.name!r}")
        queries[query.name] = query
    return queries


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
