"""Gate of versions: who may go on with a store that a newer program brought up to date.

A migration that only adds leaves `store.min_client` alone, and older programs work on beside newer
ones. One that changes what they read or write raises it: then nobody who is older may go on.
"""

import apsw

from schema import queries
from schema.failures import Failure

_SQL = queries.load(__file__)


def require_known(path: str, connection: apsw.Connection, version: object, known: int) -> None:
    """Raise store_error/newer_schema if one who knows `known` may not go on with `version`."""
    least: object
    try:
        least = connection.execute(_SQL["store_min_client"].text).fetchall()[0][0]
    except (apsw.SQLError, IndexError):
        least = None  # It is not ours to understand.
    if not isinstance(least, int) or least > known:
        raise Failure(
            "store_error",
            "newer_schema",
            f"{path} has schema {version}; this program knows up to {known}",
            hint="update orch-inbox; nothing was changed",
        )
