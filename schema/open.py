"""Find and open a store of either engine: the one way in.

Its name says which one it is: `postgresql://…`, a file `store-url` that holds such a URL, or the
path of the store's file. A store that is a file loads nothing of the other engine.
"""

import os

from schema import file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database
    from schema.wakeup import Waiter


def locate(given: str | None, cwd: str) -> str:
    """Return the name of the store for a command: a path, or a URL.

    Raises: not_found/store naming where it looked, store_error for a file that names no server.
    """
    where = given if given is not None and is_url(given) else file.locate(given, cwd)
    if where.endswith("/" + file.URL_FILE):
        from schema import store_url

        return store_url.read(where)
    return where


def open_store(where: str) -> "Database":
    """Open an existing store. Raises: not_found/store, store_error, invalid_input."""
    if is_url(where):
        from schema.pg.database import open_pg

        return open_pg(where)
    return file.open_store(where)


def another(db: "Database") -> "Database":
    """Return the same store opened once more, for another thread. Raises: as `open_store` does."""
    if db.is_file:
        return file.open_store(db.path)
    from schema.pg.database import another as another_of_server

    return another_of_server(db)


def ring(db: "Database", topics: set[str]) -> None:
    """Wake who waits on one of the topics on this machine, though nothing was changed."""
    from schema import wakeup

    wakeup.ring(db.folder.wake.rpartition(".")[0], topics)


def waiter(db: "Database", topics: list[str]) -> "Waiter":
    """Return a place to sleep until one of the topics is rung."""
    if db.is_file:
        from schema.wakeup import Waiter

        return Waiter(db.path, topics)
    from schema.pg.listen import waiter_of

    return waiter_of(db, topics)


def keep(db: "Database", sha256: str) -> None:
    """Let every machine of the store have the bytes that stand in its folder here.

    Raises: invalid_input for more than a server takes, store_error.
    """
    if not db.is_file:
        from schema.pg import blobs
        from schema.pg.database import server

        blobs.give(server(db), db.folder.artifact(sha256), sha256)


def kept(db: "Database", sha256: str) -> str:
    """Return where kept bytes stand on this machine; another's are brought here first.

    Raises: store_error.
    """
    path = db.folder.artifact(sha256)
    if not db.is_file and not os.path.exists(path):
        from schema.pg import blobs
        from schema.pg.database import server

        blobs.bring(server(db), path, sha256)
    return path


def is_url(where: str) -> bool:
    """Say whether a store's name is the URL of a server."""
    return where.startswith(file.URLS)


def shown(where: str) -> str:
    """Return a store's name as it may be printed: a URL without its password."""
    if is_url(where):
        from schema import store_url

        return store_url.without_password(where)
    return where
