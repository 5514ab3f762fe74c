"""All that is asked of the driver: connect, run, fill, notifies, close.

All of psycopg2 that the product uses is here; where its successor becomes cheap to import, this
module is all that changes. Values come back as SQLite gives them: JSON as text, whole numbers as
int whatever PostgreSQL calls them, true and false as 1 and 0, bytes as bytes.
"""

import os

from schema.failures import Failure

try:
    import psycopg2
    from psycopg2 import extensions
except ImportError:
    raise Failure(
        "invalid_input",
        "extra_missing",
        "a store on PostgreSQL needs a driver that is not installed",
        hint="install it: pip install 'orch-inbox[pg]'",
    )

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Connection = Any  # The driver has no types of its own.

Error = psycopg2.Error
LostConnection = (psycopg2.OperationalError, psycopg2.InterfaceError)

_BOOL, _BYTES, _NUMERIC, _JSON, _JSONB = 16, 17, 1700, 114, 3802
# A dead peer is noticed within half a minute, also in the middle of a COMMIT.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}


class Rows(extensions.cursor):  # type: ignore[misc]
    """The result of one statement, with the names of its columns as apsw's cursor tells them."""

    def get_description(self) -> "tuple[tuple[str, ...], ...]":
        """Return a row per column, its name first."""
        return self.description or ()

    def fetchall(self) -> "list[tuple[Any, ...]]":
        """Return the rows; none where the statement has no result."""
        return super().fetchall() if self.description else []


class _Typed:
    """A value with its type, so that no server has to guess it from a bare literal."""

    suffix = b""

    def __init__(self, value: object) -> None:
        self._value = value
        self._connection: object = None

    def prepare(self, connection: object) -> None:
        """Learn how the connection writes text."""
        self._connection = connection


class _Text(_Typed):
    def getquoted(self) -> bytes:
        """Return the literal."""
        quoted = extensions.QuotedString(str(self._value))
        quoted.prepare(self._connection)
        found: bytes = quoted.getquoted()
        return found + b"::text"


class _Whole(_Typed):
    _value: int

    def getquoted(self) -> bytes:
        """Return the literal."""
        return f"'{self._value:d}'::bigint".encode()


def _whole_or_real(text: "str | None", _cursor: object) -> "int | float | None":
    if text is None:
        return None
    return float(text) if "." in text or "e" in text else int(text)


_CASTS = (
    ((_BOOL,), lambda text, _: None if text is None else int(text == "t")),
    ((_JSON, _JSONB), lambda text, _: text),
    ((_NUMERIC,), _whole_or_real),
    (
        (_BYTES,),
        lambda text, cursor: None if text is None else bytes(psycopg2.BINARY(text, cursor)),
    ),
)


def parse(url: str) -> dict[str, str]:
    """Return what libpq reads out of a URL. Raises: Error for one that is none."""
    found: dict[str, str] = extensions.parse_dsn(url)
    return found


def connect(parameters: dict[str, str]) -> "Connection":
    """Return a connection that begins and ends no transaction by itself. Raises: Error."""
    os.environ.pop("PGOPTIONS", None)  # Session state would be lost behind a pooler.
    made = psycopg2.connect(
        **{**_PATIENCE, "application_name": "orch-inbox", **parameters},
        client_encoding="utf8",
        cursor_factory=Rows,
    )
    made.autocommit = True
    extensions.register_adapter(str, _Text)
    for kind in (int, bool):
        extensions.register_adapter(kind, _Whole)
    for oids, cast in _CASTS:
        extensions.register_type(extensions.new_type(oids, "AS_SQLITE", cast), made)
    return made


def run(
    connection: "Connection", text: "str | bytes", values: "Mapping[str, object] | None" = None
) -> Rows:
    """Run one statement, or several without values, in one round trip. Raises: Error."""
    cursor: Rows = connection.cursor()
    cursor.execute(text, values)
    return cursor


def written(connection: "Connection", text: str, values: "Mapping[str, object]") -> bytes:
    """Return a statement with its values in it, to be sent with others."""
    found: bytes = connection.cursor().mogrify(text, values)
    return found


def fill(connection: "Connection", text: str, rows: "list[tuple[Any, ...]]") -> None:
    """Run one statement with all rows in place of its %s. Raises: Error."""
    from psycopg2.extras import execute_values

    execute_values(connection.cursor(), text, rows, page_size=len(rows))


def notifies(connection: "Connection") -> list[str]:
    """Return what was told to a connection that listens, without waiting. Raises: Error."""
    connection.poll()
    told = [notice.payload for notice in connection.notifies]
    connection.notifies.clear()
    return told


def is_closed(connection: "Connection") -> bool:
    """Say whether the connection is known to be lost."""
    return bool(connection.closed)


def close(connection: "Connection") -> None:
    """Close a connection, whatever state it is in."""
    try:
        connection.close()
    except psycopg2.Error:
        pass
