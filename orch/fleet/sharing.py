"""A repository becomes one that machines share: by the first run that names its remote."""

import os

from orch.fleet import here, mirrors
from orch.git import repository
from orch.store import fleet as store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def of_run(db: "Database", path: str, remote: str | None) -> tuple[str, str]:
    """Return (repository id, path of its checkout here) for a new run; "" where it is not shared.

    `path` is "" where none was named. Raises: as mirrors.share does.
    """
    found = repository.find_repository(path or os.getcwd())
    if found is None and remote is None:
        return "", path
    top = found.top or found.common_dir if found is not None else path or os.getcwd()
    with db.read() as tx:
        known = store.checkout_at(tx, tx.machine, top)
    if known is not None and remote in (None, known.remote):
        return known.repo_id, known.path
    if remote is None:
        return "", path
    url, top, first = mirrors.share(top, remote)
    here.appear(db, at_once=True)
    with db.write() as tx:
        shared = store.repository_of(tx, url)
        repo_id = shared.repo_id if shared is not None else f"repo_{os.urandom(6).hex()}"
        if shared is None:
            store.add_repository(tx, repo_id, url, first)
        store.put_checkout(tx, repo_id, tx.machine, top, remote, is_mirror=False)
    return repo_id, top
