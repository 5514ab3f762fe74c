"""Places of attempts without a worktree: made after their dispatch, removed by cleanup.

The row in the store is the intent. Killed anywhere, `make_due` (reconcile, a runner) goes on; a
place that was handed over is never touched again until its attempt is over and cleaned up.
"""

import os
import stat

from orch.git import merges, refs, repository, slots
from orch.model import TERMINAL, Run, Task, Workspace
from orch.operations import places as rules
from orch.store import places as store
from orch.store import runs as run_rows
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.git.repository import Repository
    from orch.store.places import Place
    from orch.worktrees.create import Needed
    from schema.transaction import Database


def plan(
    db: "Database", run: Run, task: Task, wanted: "list[Needed]", *, path: str,
    base_ref: str | None, before: str,
) -> Workspace:  # fmt: skip
    """Decide where an attempt without a worktree is to work, and write nothing.

    It sees a commit of the repository at `path`: the one named, the one that the attempt before
    was to see, or HEAD with the work that it depends on. Raises: invalid_input for a bad ref,
    git_error.
    """
    named = base_ref or run.base_ref or None
    commit = "" if named else before
    if named or (not before and any(other.head for other in wanted)):
        repo = repository.find_repository(path)
        if repo is not None:
            commit = refs.resolve(repo, named) if named else _with_needed(repo, task, wanted)
    number = task.next_attempt_no
    found = Workspace(rules.plan(db.folder.path, run.run_id, task.task_id, number, path, commit))
    found.repo_id = run.repo_id
    return found


def _with_needed(repo: "Repository", task: Task, wanted: "list[Needed]") -> str:
    """Return HEAD with the work of `wanted` in it; "" (HEAD) where that cannot be merged."""
    here = refs.head(repo).commit
    heads = [other.head for other in wanted if other.head]
    missing = merges.heads_missing_from(repo, here, heads) if here else ()
    if not missing:
        return here
    merged = merges.merge_heads(repo, [here, *missing], f"orch: what {task.name} depends on")
    return merged.commit if merged.is_clean else ""


def make_due(db: "Database", run_id: str) -> list[str]:
    """Make what is still to be made for a run; return what kept a place from it, in words."""
    with db.read() as tx:
        found = store.unmade(tx, run_id)
        shared = run_rows.find(tx, run_id)
    problems: list[str] = []
    if shared is not None and shared.repo_id:
        return problems  # Whoever takes one up makes it, on the machine where that is.
    for place in found:
        if not (db.is_file or is_here(db, place)):
            continue
        try:
            make(db, place)
        except (Failure, OSError) as error:
            said = error.message if isinstance(error, Failure) else str(error)
            problems.append(f"cannot make the place of {place.name}: {said}")
    return problems


def is_here(db: "Database", place: "Place") -> bool:
    """Say whether a place is on this machine, or would be."""
    return place.place_path.startswith(db.folder.path + "/")


def bring(db: "Database", place: "Place") -> "Place":
    """Return a place that is to be on this machine: one that another machine planned moves here.

    Raises: invalid_state/unsupported where it is to show code that no remote brings here.
    """
    if db.is_file or is_here(db, place):
        return place
    with db.read() as tx:
        run = run_rows.find(tx, place.run_id)
        has_code = run_rows.fingerprint(tx, place.run_id) not in (None, "", "{}")
    if has_code and (run is None or not run.repo_id):
        raise Failure(
            "invalid_state", "unsupported",
            f"the code of run {place.run_id} is on another machine, and it names no remote",
            hint="its leader opens a run that does (docs/guide/machines.md)",
        )  # fmt: skip
    own = rules.plan(db.folder.path, place.run_id, place.task_id, place.attempt_no, "")
    with db.write() as tx:
        store.set_moved(tx, place.attempt_key, own.place_path, own.out_path)
        found = store.find(tx, place.attempt_key)
    assert found is not None
    return found


def make(db: "Database", place: "Place") -> None:
    """Make one place and its folder for results; nothing is done where it is there already.

    Raises: git_error, refused/repo_tampered, OSError.
    """
    for path in (place.place_path, place.out_path):
        os.makedirs(path.rsplit("/", 3)[0], mode=0o700, exist_ok=True)
    os.makedirs(place.out_path, mode=0o700, exist_ok=True)
    with repository.locked_directory(place.out_path):
        with db.read() as tx:
            now = store.find(tx, place.attempt_key)
        if now is None or now.made_at is not None:
            return  # Another process was faster.
        commit = _fill(place)
        crash_points.reach("place.made")
        with db.write() as tx:
            store.set_made(tx, place, commit)
    crash_points.reach("place.told")


def _fill(place: "Place") -> str:
    """Put the commit's files at the place, or leave it empty; return which commit it shows."""
    repo = repository.find_repository(place.repo_path) if place.repo_path else None
    commit = (place.wanted or refs.head(repo).commit) if repo is not None else ""
    if repo is not None and commit:
        root = place.place_path.rsplit("/", 3)[0]
        try:
            slots.open_slot(repo, place.place_path, commit, root=root)
            return commit
        except Failure as failure:
            if failure.reason != "unsupported":
                raise  # Submodules and the like: the agent makes a clone of its own.
    os.makedirs(place.place_path, mode=0o700, exist_ok=True)
    return ""


def select(
    db: "Database", run_id: str, task_id: str | None, attempt_no: int | None
) -> "list[Place]":
    """Return the places that a cleanup is about: of attempts that are over."""
    with db.read() as tx:
        found = store.standing(tx, run_id)
    return [
        place
        for place in found
        if place.status in TERMINAL
        and is_here(db, place)
        and task_id in (None, place.task_id)
        and attempt_no in (None, place.attempt_no)
    ]


def remove(db: "Database", place: "Place") -> None:
    """Remove a place and its folder for results, whatever is in them. Raises: git_error, OSError.

    Only below the store's own two folders; a link there is taken away, never followed.
    """
    repo = repository.find_repository(place.repo_path) if place.repo_path else None
    if repo is not None:
        _unregister(repo, place.place_path)
    for path in (place.place_path, place.out_path):
        clear(path)
        _drop_empty_parents(path)
    crash_points.reach("place.removed")
    with db.write() as tx:
        store.set_removed(tx, place)


def _unregister(repo: "Repository", path: str) -> None:
    try:
        slots.remove_slot(repo, path)
    except Failure as failure:
        if failure.code != "git_error":
            raise
        clear(path)  # What git cannot remove, because it may not write there.
        slots.remove_slot(repo, path)


def clear(path: str) -> None:
    """Remove a folder of ours with all that is in it; what is closed is opened first.

    A link is taken away, never followed. Raises: OSError.
    """
    from shutil import rmtree

    if os.path.islink(path):
        os.unlink(path)
        return
    if not os.path.isdir(path):
        return
    os.chmod(path, stat.S_IRWXU)
    for folder, names, _ in os.walk(path):  # It goes down only where it may read by then.
        for name in names:
            below = os.path.join(folder, name)
            if not os.path.islink(below):
                os.chmod(below, stat.S_IRWXU)
    rmtree(path)


def _drop_empty_parents(path: str) -> None:
    for _ in range(2):  # RUN/TASK
        path = os.path.dirname(path)
        try:
            os.rmdir(path)
        except OSError:
            return


def examine(db: "Database") -> tuple[list[str], list[str]]:
    """Return (places that are not as recorded, folders that no attempt names), in words."""
    with db.read() as tx:
        found = store.standing(tx, None)
    wrong = [
        f"the place of {place.name} was never made: orch reconcile --run {place.run_id}"
        if place.made_at is None
        else f"{place.place_path} of {place.name} is gone"
        for place in found
        if (db.is_file or is_here(db, place))
        and (place.made_at is None or not os.path.isdir(place.place_path))
    ]
    known = {path for place in found for path in (place.place_path, place.out_path)}
    strays = []
    for root in (db.folder.below(rules.PLACES), db.folder.below(rules.OUT)):
        strays += [path for path in _attempts_below(root) if path not in known]
    return wrong, strays


def _attempts_below(root: str) -> list[str]:
    """Return the folders RUN/TASK/attempt-N below a root."""
    found = [root]
    for _ in range(3):
        found = [
            os.path.join(folder, name)
            for folder in found
            if os.path.isdir(folder) and not os.path.islink(folder)
            for name in sorted(os.listdir(folder))
        ]
    return found
