"""Address of a server's store: server, database, schema, without the password, and how safely.

A URL is libpq's, and libpq reads it; `?schema=NAME` is ours: one PostgreSQL schema is one store.
"""

import os
import re

from schema.failures import Failure, invalid_input
from schema.pg import wire
from schema.store_url import without_password

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

DEFAULT_SCHEMA = "orch"
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SAFE = "verify-full"


class Where:
    """A store's place: what the driver connects with, the schema, and the URL that may be shown."""

    __slots__ = ("parameters", "schema", "shown")

    def __init__(self, url: str) -> None:
        """Read a URL. Raises: invalid_input, store_error/unsafe."""
        head, _, tail = url.partition("?")
        rest = [part for part in tail.split("&") if part]
        schemas = [part[7:] for part in rest if part.startswith("schema=")]
        self.schema = schemas[-1] if schemas else DEFAULT_SCHEMA
        if not _SCHEMA.fullmatch(self.schema):
            raise invalid_input(
                f"schema={self.schema[:70]} is not the name of a schema",
                hint="lower-case letters, digits and _, at most 63",
            )
        self.shown = without_password(url)
        plain = [part for part in rest if not part.startswith("schema=")]
        try:
            self.parameters = wire.parse(head + ("?" + "&".join(plain) if plain else ""))
        except wire.Error:
            raise invalid_input(
                f"{self.shown} is not the URL of a server",
                hint="it looks like postgresql://user@host:5432/database",
            )
        self._require_tls()

    @property
    def shown_to_libpq(self) -> str:
        """The URL for the server's own programs: without a password, without what is ours."""
        head, _, tail = self.shown.partition("?")
        rest = "&".join(part for part in tail.split("&") if not part.startswith("schema="))
        return f"{head}?{rest}" if rest else head

    @property
    def secrets(self) -> dict[str, str]:
        """What such a program needs in its environment to be let in."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("PG")}
        password = self.parameters.get("password")
        return kept | ({"PGPASSWORD": password} if password else {})

    def _require_tls(self) -> None:
        """Beyond this machine the server is verified, unless somebody says so twice."""
        hosts = self.parameters.get("host") or os.environ.get("PGHOST", "")
        named = (self.parameters.get("hostaddr") or hosts).split(",")
        if all(_is_near(host) for host in named) or "service" in self.parameters:
            return
        asked = self.parameters.setdefault("sslmode", _SAFE)
        if asked != _SAFE and os.environ.get("ORCH_ALLOW_PLAIN") != "1":
            raise Failure(
                "store_error",
                "unsafe",
                f"sslmode={asked} lets others read and answer for {hosts}",
                hint="leave sslmode out (verify-full), or set ORCH_ALLOW_PLAIN=1 on a network "
                "that nobody else can reach",
            )


def of(db: "Database") -> Where:
    """Return the place of a store on a server."""
    found = getattr(db, "where", None)
    assert isinstance(found, Where)
    return found


def _is_near(host: str) -> bool:
    """Say whether a host is a socket of this machine, or its loopback."""
    return host in ("", "localhost", "::1") or host.startswith(("/", "@", "127."))
