"""Named SQL blocks: SQL is text beside its store, never built in Python.

A block is `-- name: noun_verb[_qualifier] :one|maybe|many|exec`, comment lines that say
why, then one statement. `-- scan: reason` allows a full scan (tests/house/test_sql.py).
"""

_SHAPES = ("one", "maybe", "many", "exec")


class Query:
    """One statement with its name and its cardinality."""

    __slots__ = ("name", "scan", "shape", "text")

    def __init__(self, name: str, shape: str, text: str, scan: str) -> None:
        self.name = name
        self.shape = shape
        self.text = text
        self.scan = scan


class Queries:
    """The blocks of one `.sql` file, read when the first of them is needed."""

    __slots__ = ("_path", "_queries")

    def __init__(self, path: str) -> None:
        self._path = path
        self._queries: dict[str, Query] = {}

    def __getitem__(self, name: str) -> Query:
        if not self._queries:
            with open(self._path, encoding="utf-8") as file:
                self._queries = parse(file.read())
        return self._queries[name]


def load(python_file: str) -> Queries:
    """Return the queries of the `.sql` file that stands beside `python_file`."""
    return Queries(python_file.rpartition(".")[0] + ".sql")


def parse(source: str) -> dict[str, Query]:
    """Return the blocks of `source` by name.

    Raises: ValueError for a block without a known shape or with a name used twice.
    """
    queries: dict[str, Query] = {}
    for block in source.split("-- name: ")[1:]:
        head, _, body = block.partition("\n")
        name, _, shape = head.strip().partition(" :")
        if shape not in _SHAPES or name in queries:
            raise ValueError(f"bad query block {head!r}")
        scan = ""
        lines = []
        for line in body.splitlines():
            if line.startswith("-- scan: "):
                scan = line[len("-- scan: ") :]
            elif not line.startswith("--"):
                lines.append(line)
        queries[name] = Query(name, shape, "\n".join(lines).strip().rstrip(";"), scan)
    return queries
