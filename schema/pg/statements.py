"""Statements for PostgreSQL: the block of its name in `X.pg.sql`, else the same in its dialect.

Read only by a process that has such a store open, and only the blocks that it asks for.
"""

import os
import re

from schema.pg.dialect import in_words_of_the_server
from schema.queries import Queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.queries import Query

# What is no place for a value: literals, comments, casts. A lone % is doubled for the driver.
_PLACES = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::\w+|:([a-z_]\w*)|%")
_twins: dict[str, Queries] = {}
_SERVER = Queries(os.path.join(os.path.dirname(__file__), "server.pg.sql"))
_server: "dict[tuple[Query, str], str]" = {}
_texts: "dict[Query, str]" = {}


def text_of(query: "Query") -> str:
    """Return the query as the driver takes it, its values by name."""
    text = _texts.get(query)
    if text is None:
        text = _texts[query] = placed(own(query))
    return text


def own(query: "Query") -> str:
    """Return the query's text for a server, its values still as `:name`."""
    if query.path not in _twins:
        _twins[query.path] = _Twin(query.path)
    return _twins[query.path][query.name].text


class _Twin(Queries):
    """Both files as one: the first block of a name counts, and parts are looked for like that."""

    __slots__ = ()

    def __init__(self, path: str) -> None:
        super().__init__(path)
        twin = path.removesuffix(".sql") + ".pg.sql"
        if os.path.exists(twin):
            with open(twin, encoding="utf-8") as file:
                self._source = file.read() + "\n"
        with open(path, encoding="utf-8") as file:
            self._source += in_words_of_the_server(file.read())


def of_server(name: str, schema: str) -> str:
    """Return a block of server.pg.sql for the store in `schema`, as the driver takes it."""
    return in_schema(_SERVER[name], schema)


def in_schema(query: "Query", schema: str) -> str:
    """Return a query that names `this_store` itself, as the driver takes it."""
    found = _server.get((query, schema))
    if found is None:
        found = _server[query, schema] = placed(query.text).replace("this_store", f'"{schema}"')
    return found


def placed(text: str) -> str:
    """Return `text` with its `:name`s written `%(name)s`."""

    def _one(found: "re.Match[str]") -> str:
        return f"%({found[1]})s" if found[1] else found[0].replace("%", "%%")

    return _PLACES.sub(_one, text)
