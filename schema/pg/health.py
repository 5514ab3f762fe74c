"""Health of a server, as far as a person should know of it: read only, nothing repaired."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.pg.database import PgDatabase

    Finding = tuple[str, bool, str, str]  # Name, is it well, what was found, what helps.

_FAR_OFF_MS = 5_000


def findings(db: "PgDatabase") -> "Iterator[Finding]":
    """Yield what `doctor` shows of the server. Raises: Error."""
    here = db.clock.now().wall_ms
    row = db.ask("health")[0]
    version, is_durable, tls, address, there, role, waiting = row
    yield "server", True, f"PostgreSQL {version}, role {role}, schema {db.where.schema}", ""
    if is_durable:
        yield "durability", True, "fsync and full_page_writes are on", ""
    else:
        found = (
            "fsync or full_page_writes is off: a power cut of the server loses what was answered"
        )
        yield "durability", False, found, "switch both on in postgresql.conf"
    if not address:
        yield "connection", True, "a socket of this machine", ""
    elif tls:
        yield "connection", True, f"{tls} to {address}", ""
    else:
        near = address in ("127.0.0.1", "::1")
        yield "connection", near, f"no TLS to {address}", "" if near else "leave sslmode out"
    off = abs(there - here)
    hint = "" if off < _FAR_OFF_MS else "set this machine's clock; leases go by the server's"
    yield "clock", not hint, f"{off} ms from the server's", hint
    yield "waits", True, f"{waiting} topics are waited for", ""
