"""Rows of `machine`, `repository`, `checkout`: who shares the store, where each has the code."""

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Workspace
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class MachineRow(queries.Record):
    """A machine as it showed itself last; `labels` is a JSON array."""

    machine_id: str
    name: str
    status: str
    boot_id: str
    session: str
    labels: str
    seen_at: int
    until: int


class SharedRepository(queries.Record):
    """A repository that several machines have, by its remote."""

    repo_id: str
    remote_url: str
    first_commit: str


class LeftWorktree(queries.Record):
    """A worktree of an attempt with which another machine went on."""

    task_no: int
    attempt_no: int
    worktree_path: str
    workspace_root: str
    placed_files: str


class Checkout(queries.Record):
    """Where a machine has a repository; `remote` is the remote's name there."""

    repo_id: str
    machine_id: str
    path: str
    remote: str
    is_mirror: int


def find(tx: "ReadTx", machine_id: str) -> MachineRow | None:
    """Return one machine, or None."""
    return MachineRow.maybe(tx, _SQL["machine_find"], machine_id=machine_id)


def all_of(tx: "ReadTx") -> list[MachineRow]:
    """Return all machines."""
    return MachineRow.many(tx, _SQL["machine_all"])


def documents(tx: "ReadTx") -> list[Json]:
    """Return the published JSON of all machines."""
    return [Json(row[0]) for row in tx.many(_SQL["machine_documents"])]


def standing(tx: "ReadTx") -> list[tuple[str, int]]:
    """Return how many worktrees are on each machine."""
    return [(str(row[0]), int(row[1])) for row in tx.many(_SQL["machine_standing"])]


def document(tx: "ReadTx", machine_id: str) -> Json:
    """Return the published JSON of one machine."""
    return tx.json(_SQL["machine_document"], machine_id=machine_id)


def insert(
    tx: "Tx", machine_id: str, name: str, boot_id: str, session: str, until: int
) -> None:  # fmt: skip
    """Add a machine that was not known."""
    tx.execute(
        _SQL["machine_insert"],
        machine_id=machine_id,
        name=name,
        boot_id=boot_id,
        session=session,
        until=until,
    )


def show(tx: "Tx", machine_id: str, boot_id: str, session: str, until: int) -> None:
    """Record that somebody runs there."""
    tx.execute(
        _SQL["machine_seen"],
        machine_id=machine_id,
        boot_id=boot_id,
        session=session,
        until=until,
    )


def move(tx: "Tx", machine_id: str, status: str, reason: str) -> None:
    """Set the status, with a person's reason."""
    tx.execute(_SQL["machine_move"], machine_id=machine_id, status=status, reason=reason)


def set_labels(tx: "Tx", machine_id: str, labels: Json) -> None:
    """Set what dispatches may ask for."""
    tx.execute(_SQL["machine_label"], machine_id=machine_id, labels=labels)


def repository(tx: "ReadTx", repo_id: str) -> SharedRepository | None:
    """Return a shared repository, or None."""
    return SharedRepository.maybe(tx, _SQL["repository_find"], repo_id=repo_id)


def repository_of(tx: "ReadTx", remote_url: str) -> SharedRepository | None:
    """Return the shared repository with this remote, or None."""
    return SharedRepository.maybe(tx, _SQL["repository_of_url"], remote_url=remote_url)


def add_repository(tx: "Tx", repo_id: str, remote_url: str, first_commit: str) -> None:
    """Add a repository with its remote."""
    tx.execute(
        _SQL["repository_insert"],
        repo_id=repo_id,
        remote_url=remote_url,
        first_commit=first_commit,
    )


def checkout(tx: "ReadTx", repo_id: str, machine_id: str) -> Checkout | None:
    """Return where a machine has a repository, or None."""
    return Checkout.maybe(tx, _SQL["checkout_find"], repo_id=repo_id, machine_id=machine_id)


def checkout_at(tx: "ReadTx", machine_id: str, path: str) -> Checkout | None:
    """Return what lies at a path of a machine, or None."""
    return Checkout.maybe(tx, _SQL["checkout_at"], machine_id=machine_id, path=path)


def put_checkout(
    tx: "Tx", repo_id: str, machine_id: str, path: str, remote: str, *, is_mirror: bool
) -> None:
    """Record where a machine has a repository."""
    tx.execute(
        _SQL["checkout_put"],
        repo_id=repo_id,
        machine_id=machine_id,
        path=path,
        remote=remote,
        is_mirror=int(is_mirror),
    )


def set_placed(tx: "Tx", attempt_key: int, machine_id: str, place: "Workspace") -> None:
    """Record on which machine an attempt's worktree is, and where; one elsewhere is left there."""
    tx.execute(_SQL["left_insert"], attempt_key=attempt_key)
    set_left_removed(tx, attempt_key, machine_id)
    tx.execute(
        _SQL["attempt_placed"],
        attempt_key=attempt_key,
        machine_id=machine_id,
        repo_path=place.repo_path,
        worktree_path=place.worktree_path,
        workspace_root=place.workspace_root,
        placed_files=place.placed_files,
    )


def left(tx: "ReadTx", run_id: str, machine_id: str) -> list[LeftWorktree]:
    """Return what a machine still has of a run's attempts that others went on with."""
    return LeftWorktree.many(tx, _SQL["left_here"], run_id=run_id, machine_id=machine_id)


def set_left_removed(tx: "Tx", attempt_key: int, machine_id: str) -> None:
    """Record that nothing is left there any more."""
    tx.execute(_SQL["left_removed"], attempt_key=attempt_key, machine_id=machine_id)


def landed_on(tx: "ReadTx", machine_id: str) -> list[tuple[str, int]]:
    """Return by run how many worktrees of landed work a machine still has."""
    rows = tx.many(_SQL["landed_on"], machine_id=machine_id)
    return [(str(row[0]), int(row[1])) for row in rows]
