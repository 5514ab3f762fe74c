"""A repository that is not where it was recorded: said so, recognised, recorded anew.

It is the same one when it holds the commits that work began from. git's own pointers are mended
first, then one transaction writes every path anew: killed in between, the same command goes on.
"""

import json
import os

from orch.git import commits, names, repository, worktrees
from orch.operations import runs
from orch.steps.model import say
from orch.store import relocation
from orch.store import runs as run_rows
from schema import crash_points, events, keys
from schema.failures import Failure, invalid_input
from schema.json_text import Json, dumps, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, Tx


def not_there(path: str, run_id: str = "") -> Failure:
    """Return the failure for a repository that is not at its recorded place any more."""
    try:
        here = repository.find_repository(os.getcwd())
    except (Failure, OSError):
        here = None
    place = _root(here) if here is not None and _may_be_moved(here) else "DIR"
    return Failure(
        "not_found",
        "repository",
        f"the repository is no longer at {names.display(path)}: was it moved or renamed?",
        hint="say where it is",
        next=[say("repo moved", run=run_id, repo_path=place)],
        details={"path": names.display(path)},
    )


def _may_be_moved(repo: repository.Repository) -> bool:
    """Say whether a repository may be a moved one: then its worktrees are not where it has them."""
    places = [os.path.realpath(place) for _, place in repository.admin_dirs(repo) if place]
    return not any(_is_in(place, _root(repo)) for place in places)


def moved(db: "Database", run_id: str | None, path: str, key: "keys.Key | None" = None) -> Json:
    """Record that the repository of a run, or the only one that is gone, is at `path` now.

    Returns the stored answer. Raises: not_found (run, repository), invalid_state/transition when
    none is gone, invalid_input for another repository, git_error.
    """
    with db.read() as tx:
        if run_id is not None:
            runs.require(tx, run_id)
        stored = keys.find(tx, key)
        recorded = relocation.recorded(tx)
    if stored is not None:
        return stored
    repo = repository.open_repository(os.path.realpath(path))
    if repo.is_linked:
        repo = repository.open_repository(worktrees.main_checkout(repo))
    new = _root(repo)
    old = _gone(recorded, run_id, new)
    _require_same(db, repo, old)
    again = worktrees.repair_worktrees(repo, old, new)
    crash_points.reach("moved.repaired")
    with db.write() as tx:

        def _change() -> Json:
            concerned = sorted({run for place, run in recorded if _is_in(place, old)})
            relocation.relocate(tx, old, new)
            for run in concerned:
                _tell(tx, run, old, new)
            return obj(old_path=old, repo_path=new, runs=concerned, worktrees=again)

        return keys.once(tx, key, _change)


def _root(repo: repository.Repository) -> str:
    return repo.top or repo.common_dir


def _is_in(place: str, old: str) -> bool:
    return place == old or place.startswith(old + "/")


def _gone(recorded: "list[tuple[str, str]]", run_id: str | None, new: str) -> str:
    """Return the recorded place that is to be replaced."""
    mine = dict.fromkeys(p for p, run in recorded if run_id in (None, run))
    gone = [place for place in mine if place != new and not os.path.isdir(place)]
    outer = [p for p in gone if not any(_is_in(p, other) for other in gone if other != p)]
    if not outer:
        where = ", ".join(mine) or "nowhere yet"
        raise Failure(
            "invalid_state",
            "transition",
            f"no recorded repository is gone from its place: {where}",
            next=[say("run show", run=run_id) if run_id else say("run list")],
        )
    if len(outer) > 1:
        raise invalid_input(
            f"{len(outer)} recorded repositories are gone: {', '.join(outer)}",
            reason="flag",
            hint="say whose it is: --run RUN",
        )
    return outer[0]


def _require_same(db: "Database", repo: repository.Repository, old: str) -> None:
    with db.read() as tx:
        wanted = relocation.commits(tx, old)
    missing = commits.missing_objects(repo, wanted) if wanted else ()
    if missing:
        raise invalid_input(
            f"{_root(repo)} is another repository: it lacks {len(missing)} of the commits that "
            f"work in {old} began from, like {sorted(missing)[0][:12]}",
            hint="name the place that it was moved to: --repo-path PATH",
        )


def _tell(tx: "Tx", run_id: str, old: str, new: str) -> None:
    """Let a run's recorded configuration count for the new place; tell the move."""
    known = json.loads(run_rows.fingerprint(tx, run_id) or "{}")
    kept = {}
    for name, value in known.items():
        words, slash, rest = name.partition("/")  # A git directory; words before it say of what.
        place = slash + rest
        if not _is_in(place, old):
            kept[name] = value
        elif words or "/worktrees/" not in place[len(old) :]:
            kept[words + new + place[len(old) :]] = value
        # A linked checkout's pointers hold the old place: it is looked at anew.
    if known:
        run_rows.set_fingerprint(tx, run_id, dumps(kept))
    leader = runs.require(tx, run_id).leader
    text = f"the repository was moved: {old} -> {new}"
    payload = obj(old_path=old, repo_path=new)
    events.record(tx, "repo_moved", leader, run_id=run_id, summary=text, payload=payload)
