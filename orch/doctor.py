"""orch doctor: do runs, counters, locks, attempts, worktrees and commits agree? Never repairs.

Quick: dispatches that were killed, worktrees that are gone or that nobody names. Deep: every
kept counter against its rows, and that each recorded commit is still reachable (I11).
"""

import os

from inbox.workflows.finding import OK, PROBLEM, WARNING, Check
from orch import retention
from orch.agents import liveness
from orch.landing import audit
from orch.machines import ENTRY, TASK
from orch.steps.model import say
from orch.store import audit as store
from orch.store import notices
from orch.worktrees import places, unnamed
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orch.git import repository
    from schema.steps import Step
    from schema.transaction import Database

_ASK = "keep the file as it is and report this: a counter that is wrong is our bug"
_NAMED = 5


def examine(db: "Database", deep: bool) -> list[Check]:
    """Return every finding about runs, good ones included."""
    with db.read() as tx:
        works = store.works(tx)
    checks = [_dispatches(db), liveness.examine(db), liveness.spools(db), _worktrees(works)]
    checks.append(unnamed.worktrees(db, works))
    checks.append(liveness.programs({_root(work.worktree_path) for work in works}))
    checks += [audit.landings(db), _places(db), _salvages(db), _notices(db)]
    checks.append(retention.examine(db))
    if not db.is_file:
        from orch.fleet import audit as machines

        checks.append(machines.examine(db))
    if deep:
        checks += [*_tables(db), _circles(db), *_machines(db), _commits(works)]
        checks += [unnamed.branches(db, works), audit.commits(db)]
        checks.append(audit.refs(db))
    return checks


def verdict(
    name: str, wrong: list[str], well: str, status: str, hint: str = "", next: "Iterable[Step]" = ()
) -> Check:
    """Return a finding: all is well, or the first few things that are wrong."""
    if not wrong:
        return Check(name, OK, well)
    more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return Check(name, status, "; ".join(wrong[:_NAMED]) + more, hint, next=next)


def _root(worktree: str) -> str:
    """Return the workspace root, with a slash, of ROOT/RUN/TASK/attempt-N."""
    return worktree.rsplit("/", 3)[0] + "/"


def _dispatches(db: "Database") -> Check:
    from orch import process_identity

    with db.read() as tx:
        found = store.intents(tx)
    dead = [(run, task) for run, task, process in found if process_identity.is_gone(*process)]
    help = [say("reconcile", run=run) for run in dict.fromkeys(run for run, _ in dead)]
    wrong = [f"the dispatch of {task} was killed half-way" for _, task in dead]
    return verdict("dispatches", wrong, f"{len(found)} under way", WARNING, next=help)


def _worktrees(works: list[store.WorkLocation]) -> Check:
    """Compare what is recorded with what is on disk."""
    there = [work for work in works if work.workspace_status == "created"]
    gone = [
        f"{work.task} attempt {work.attempt_no}: {work.worktree_path} is gone"
        for work in there
        if not os.path.isdir(work.worktree_path)
    ]
    left = [
        f"{work.task} attempt {work.attempt_no}: {work.worktree_path} counts as cleaned up and is "
        "there"
        for work in works
        if work.workspace_status == "cleaned" and os.path.lexists(work.worktree_path)
    ]
    run = gone[0].partition("/")[0] if gone else ""
    look = [say("cleanup", run=run, all_completed=True, dry_run=True)] if gone else []
    hint = "this says why; its branch is kept"
    if left and not gone:
        hint = "look into them, then remove them: nothing refers to them"
    return verdict("worktrees", [*gone, *left], f"{len(there)} in use", WARNING, hint, look)


def _places(db: "Database") -> Check:
    """Compare the places of attempts without a worktree with what is on disk, both ways."""
    wrong, strays = places.examine(db)
    wrong += [f"{path} belongs to no attempt" for path in strays]
    hint = "a run's clean-up removes those of attempts that are over; look into the others"
    remove = [say("cleanup", run="RUN", all_completed=True)]
    return verdict("places", wrong, "as recorded", WARNING, hint, remove)


def _salvages(db: "Database") -> Check:
    """What was told to be saved is still kept by its ref. Opens no repository for nothing."""
    from orch.git import refs as git_refs
    from orch.git import repository, salvage

    with db.read() as tx:
        saved = store.salvages(tx)
    refs: dict[str, dict[str, str]] = {}
    gone = []
    for task, path, ref in saved:
        if path not in refs:
            try:
                refs[path] = git_refs.list_refs(repository.open_repository(path), salvage.SALVAGE)
            except Failure:
                refs[path] = {ref: "" for _, its, ref in saved if its == path}  # Told elsewhere.
        if ref not in refs[path]:
            gone.append(f"{task}: {ref} is gone, and with it what was saved")
    hint = "git keeps lost commits for two weeks: git fsck --lost-found names them"
    return verdict("salvages", gone, f"{len(saved)} kept", WARNING, hint)


def _notices(db: "Database") -> Check:
    """Name the needs of which nobody could be told."""
    with db.read() as tx:
        found = notices.given_up(tx)
    wrong = [
        f"{one.run_id}{'/' if one.task_id else ''}{one.task_id} {one.kind}: {one.problem}"
        for one in found
    ]
    hint = "fix the channel; orch notify --test says whether it works, orch wait --again what waits"
    return verdict("notices", wrong, "everybody who was to be told was", WARNING, hint)


def _tables(db: "Database") -> "Iterator[Check]":
    for name in dict.fromkeys(name for name, _ in store.QUESTIONS):
        with db.read() as tx:
            wrong = [
                found
                for group, question in store.QUESTIONS
                if group == name
                for found in store.wrong(tx, question)
            ]
        yield verdict(name, wrong, _WELL[name], PROBLEM, _ASK)


_WELL = {
    "counters": "unmet prerequisites and waiting chains are as the edges have them",
    "tallies": "each run counts its tasks rightly",
    "held locks": "held by the tasks being worked on, and by no other",
    "attempts": "they agree with their tasks and threads",
    "log": "heads, approvals, risks and checks are as the events tell",
    "entries": "what landed was tested, and every step of the queue stands in it",
}


def _circles(db: "Database") -> Check:
    """Take away what waits for nothing, again and again: what stays waits in a circle."""
    with db.read() as tx:
        edges = store.edges(tx)
    waits: dict[int, int] = {}
    waited: dict[int, list[int]] = {}
    for task_no, depends_on in edges:
        waits[task_no] = waits.get(task_no, 0) + 1
        waits.setdefault(depends_on, 0)
        waited.setdefault(depends_on, []).append(task_no)
    free = [number for number, count in waits.items() if not count]
    seen = 0
    while free:
        seen += 1
        for number in waited.get(free.pop(), ()):
            waits[number] -= 1
            if not waits[number]:
                free.append(number)
    wrong = (
        [f"{many(len(waits) - seen, 'task waits', 'tasks wait')} in a circle"]
        if seen < len(waits)
        else []
    )
    return verdict(
        "circles", wrong, f"none in {many(len(edges), 'dependency', 'dependencies')}", PROBLEM, _ASK
    )


def _machines(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        held = (
            ("task moves", TASK, store.moves(tx)),
            ("entry moves", ENTRY, store.entry_moves(tx)),
        )
    for name, machine, moves in held:
        wrong = [f"{source} to {target}" for source, target in sorted(moves ^ machine.edges())]
        yield verdict(name, wrong, f"{len(moves)}, as the program has them", PROBLEM, _ASK)


def _commits(works: list[store.WorkLocation]) -> Check:
    """I11: every recorded head is on its branch, or on some other ref."""
    from orch.git import repository

    opened: dict[str, tuple[repository.Repository, dict[str, str]] | None] = {}
    lost, unknown = [], []
    for work in works:
        if not work.head_commit:
            continue
        if work.repo_path not in opened:
            opened[work.repo_path] = _open(work.repo_path)
        found = opened[work.repo_path]
        if found is None:
            unknown.append(f"{work.task} attempt {work.attempt_no}: no repository {work.repo_path}")
            continue
        repo, refs = found
        own = refs.get("refs/heads/" + work.branch_name)
        tips = dict.fromkeys([*([own] if own else []), *refs.values()])
        if not any(_holds(repo, tip, work.head_commit) for tip in tips):
            lost.append(f"{work.task} attempt {work.attempt_no}: {work.head_commit[:12]}")
    hint = "git keeps unreachable commits for two weeks: git branch rescued COMMIT"
    well = f"{sum(bool(w.head_commit) for w in works)} recorded heads are all reachable"
    if lost:
        return verdict("commits", [f"on no branch: {one}" for one in lost], "", PROBLEM, hint)
    return verdict("commits", unknown, well, WARNING, "was the repository moved?")


def _open(path: str) -> "tuple[repository.Repository, dict[str, str]] | None":
    """Return a repository with its refs, None when git does not open it."""
    from orch.git import repository

    try:
        repo = repository.open_repository(path)
        return repo, _tips(repo)
    except Failure:
        return None


def _tips(repo: "repository.Repository") -> dict[str, str]:
    """Return every ref that keeps commits."""
    from orch.git import refs as git_refs

    found: dict[str, str] = {}
    for prefix in ("refs/heads/", "refs/orch/", "refs/tags/", "refs/remotes/"):
        found |= git_refs.list_refs(repo, prefix)
    return found


def _holds(repo: "repository.Repository", tip: str, commit: str) -> bool:
    from orch.git import refs as git_refs

    try:
        return tip == commit or git_refs.is_ancestor(repo, commit, tip)
    except Failure:
        return False  # A ref to something that is no commit, or the commit is gone altogether.
