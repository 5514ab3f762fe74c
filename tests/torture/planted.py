"""Bugs planted on purpose: each must be caught by a layer, or the suite is worth nothing.

A plant changes one thing in a process of the suite, never in product code. `apply()` runs in
the runner before its workers are forked, `prepare()` on each new store, for what the file
itself would refuse.
"""

import os
from collections.abc import Callable

import apsw

from inbox import model
from inbox.operations import leases, work
from inbox.store import cursors
from inbox.store import leases as lease_rows
from inbox.store import threads as thread_rows
from schema import clock, events, file, keys, transaction
from schema.queries import Query
from tests.support.session import Session
from tests.torture import planted_drive

ENV = "TORTURE_PLANT"


def _no_fence() -> None:
    """Any holder verb works for anyone while somebody holds the thread."""

    def _anyone(tx, thread, agent, token):
        leases.require_open(thread)
        if thread.lease is None:
            return _strict(tx, thread, agent, token)
        return thread.lease, False

    _strict = leases.require_holder
    leases.require_holder = _anyone


def _no_key_row() -> None:
    """The answer is not remembered."""
    keys._store = lambda tx, key, answer: None


def _deferred_begin() -> None:
    """A transaction that takes its snapshot first and the lock later."""
    transaction.BEGIN_WRITE = "BEGIN"


def _synchronous_normal() -> None:
    """COMMIT returns before the WAL is on the disk."""
    harden = file.harden

    def _weak(connection):
        harden(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    file.harden = _weak


def _answer_before_commit() -> None:
    """The client reads its answer, and only then COMMIT runs."""
    pending: list = []

    def _flush() -> None:
        while pending:
            db, tx = pending.pop()
            transaction.Database.commit(db, tx)

    def _exit(self, kind, error, trace):
        if error is None:
            pending.append((self._db, self._tx))
            return None
        return _really_exit(self, kind, error, trace)

    def _before(act):
        def _flushed(*given):
            _flush()
            return act(*given)

        return _flushed

    _really_exit = transaction._Write.__exit__
    transaction._Write.__exit__ = _exit
    transaction._Write.__enter__ = _before(transaction._Write.__enter__)
    transaction._Read.__enter__ = _before(transaction._Read.__enter__)
    transaction.Database.close = _before(transaction.Database.close)
    Session.settle = lambda self: _flush()
    os._exit = _before(os._exit)


def _cursor_without_max() -> None:
    """The last one to write a cursor wins. The file's trigger would refuse it: see prepare()."""
    _rewrite(cursors._SQL, "cursor_advance", " WHERE excluded.last_read > cursor.last_read", "")


def _event_omitted() -> None:
    """A release that changes the tables and tells nobody."""

    def _silent(tx, thread, agent, token, reason, not_before_ms):
        leases.require_holder(tx, thread, agent, token)
        newest = thread.last_message
        thread_rows.move(tx, thread, "pending", newest, assigned_to=thread.addressed_to)
        lease_rows.end(tx, thread.thread_no, "release")
        tx.last_event_id = events.last_id(tx)
        return model.Change(thread.thread_no, thread.thread_id, newest)

    work.release = _silent


def _wall_clock_lease() -> None:
    """Leases are judged by the wall clock alone, in code and in SQL."""

    def _by_wall(self, domain, boot_deadline, wall_deadline, ttl):
        return wall_deadline - self.wall_ms

    clock.Instant.remaining_ms = _by_wall
    _rewrite(
        thread_rows._SQL, "thread_lapsed", "WHEN l.clock_domain = :domain", "WHEN :domain = ''"
    )
    _rewrite(thread_rows._SQL, "thread_lapsed", "NOT BETWEEN 1 AND l.ttl_ms + 5000", "<= 0")


def _reused_worktree() -> None:
    """A second attempt works where the first one did."""
    from orch.git import repository, worktrees
    from orch.worktrees import create

    def _same(*given, **named):
        repo, place, settings = _plan(*given, **named)
        head, _, _ = place.worktree_path.rpartition("-")
        place.worktree_path = f"{head}-1"
        return repo, place, settings

    def _as_it_is(repo, path, branch, start, **named):
        if os.path.isdir(path):
            return repository.linked_worktree(repo, path)
        return _add(repo, path, branch, start, **named)

    _plan, _add = create.plan, worktrees.add_worktree
    create.plan, worktrees.add_worktree = _same, _as_it_is


def _shell_true() -> None:
    """A check's words are joined and given to a shell."""
    import subprocess

    from orch import process

    class _Shell(subprocess.Popen):
        def __init__(self, argv, **named):
            super().__init__(" ".join(argv), shell=True, **named)

    fake = type(subprocess)("subprocess")
    fake.__dict__.update(subprocess.__dict__, Popen=_Shell)
    process.subprocess = fake


def _pool_held_up() -> None:
    """A lapsed thread of a run is offered to everybody, and refused to all but its holder."""
    _rewrite(
        thread_rows._SQL, "thread_lapsed", "(t.owned_by_run = 0 OR l.holder = :agent)",
        "(1 OR :agent = '')",
    )  # fmt: skip


def _signal_takes_the_answer() -> None:
    """A signal stops the process also between COMMIT and answer."""
    transaction.Signals.shield = lambda self: None


def _stage_forgotten() -> None:
    """A salvage keeps what is on disk, and nothing of what was staged."""
    from orch.git import salvage

    salvage._staged = lambda worktree, folder: ""


def _beside_not_seen() -> None:
    """Only the branch is looked at, wherever HEAD is."""
    from orch.git import following

    following.bring_branch = lambda worktree, branch, base: False
    following.stray_commits = lambda worktree, branch, held: None


def _lands_untested() -> None:
    """What nobody tested counts as good."""
    from orch.landing.planner import chain

    def _judge(ends, entries, limits):
        state, flaked = _strict(ends, entries, limits)
        return (chain.GOOD if state == chain.UNKNOWN else state), flaked

    _strict, chain._judge = chain._judge, _judge


def _overtaken_for_ever() -> None:
    """However often an entry was overtaken, the next one may pass it."""
    from orch.landing.planner import chain, order

    for module in (chain, order):
        if hasattr(module, "_is_last_straw"):
            module._is_last_straw = lambda entry, limits: False


def _landing_unweighed() -> None:
    """What the plan took for approved is not weighed again when it lands."""
    from orch.landing import land

    land._may_land = lambda tx, place, entry: True


def _hold_unseen() -> None:
    """A queue that a person holds after the plan was made lands what was planned."""
    from orch.landing import land

    def _as_before(tx, number):
        found = _get(tx, number)
        found.hold_reason = ""
        return found

    fake = type(land)("queues")
    fake.__dict__.update(land.queue_rows.__dict__, get=_as_before)
    _get, land.queue_rows = land.queue_rows.get, fake


def _runner_unfenced() -> None:
    """A runner that was taken over goes on."""
    from orch.landing import runner_lease

    runner_lease.RunnerLease.require = lambda self, tx: None


def _published_rewritten() -> None:
    """Nobody asks whether others may have what is taken back."""
    from orch.git import landing as git_landing

    git_landing.is_published = lambda repo, commit: False


def _checkout_left_behind() -> None:
    """After a landing that was killed the checkout is let go, its files as they were."""
    from orch.git import landing as git_landing
    from orch.landing import land

    def _let_go(place, old, new):
        git_landing.release_checkouts(place.repo, place.queue.target)

    def _settle(lease, place):
        land.refresh = _let_go
        try:
            return _really_settle(lease, place)
        finally:
            land.refresh = _refresh

    _refresh, _really_settle, land.settle = land.refresh, land.settle, _settle


def _merge_is_no_change() -> None:
    """A merge brings nothing but what its parents have."""
    from orch.git import proofs

    proofs._merges = lambda repo, without, tip: 0


def _nothing_left_is_held() -> None:
    """A lease with no millisecond left still keeps others away."""
    from inbox.operations import claims

    def _one_more(thread, agent, lease, left):
        _strict(thread, agent, lease, left or 1)

    _strict = claims._require_claimable
    claims._require_claimable = _one_more


def _begins_early() -> None:
    """Work that was put off is offered before its time: by a minute, which random clocks meet."""
    _rewrite(
        thread_rows._SQL,
        "thread_claimable",
        "p.not_before_at <= :now",
        "p.not_before_at <= :now + 60000",
    )


def _rewrite(queries, name: str, old: str, new: str) -> None:
    query = queries[name]
    assert old in query.text, (name, old)
    changed = Query(query.name, query.shape, query.text.replace(old, new), query.scan)
    queries._queries[name] = changed


# plant: (what it does, the layer that has to catch it, how much of that layer is enough, as what)
PLANTS: dict[str, tuple[Callable[[], None], str, int, str]] = {
    "no_fence": (_no_fence, "machine", 1_000, "I4"),
    "no_key_row": (_no_key_row, "points", 1, "I6"),
    "deferred_begin": (_deferred_begin, "contention", 20, "store_busy"),
    "synchronous_normal": (_synchronous_normal, "powercut", 300, "lost"),
    "answer_before_commit": (_answer_before_commit, "points", 1, "I2"),
    "cursor_without_max": (_cursor_without_max, "machine", 1_000, "I7"),
    "event_omitted": (_event_omitted, "machine", 1_000, "I9"),
    "wall_clock_lease": (_wall_clock_lease, "clock", 2000, "C1"),
    "reused_worktree": (_reused_worktree, "workflows", 1, "first one"),
    "shell_true": (_shell_true, "workflows", 1, "words"),
    "pool_held_up": (_pool_held_up, "workflows", 1, "free thread of its pool"),
    "signal_takes_the_answer": (_signal_takes_the_answer, "workflows", 1, "not told"),
    "stage_forgotten": (_stage_forgotten, "workflows", 1, "staged"),
    "beside_not_seen": (_beside_not_seen, "workflows", 1, "beside"),
    "lands_untested": (_lands_untested, "landing", 60, "untested"),
    "landing_unweighed": (_landing_unweighed, "passes", 1, "lacks an approval"),
    "hold_unseen": (_hold_unseen, "passes", 1, "queue is held"),
    "runner_unfenced": (_runner_unfenced, "passes", 1, "not superseded"),
    "published_rewritten": (_published_rewritten, "passes", 1, "published is rewritten"),
    "checkout_left_behind": (_checkout_left_behind, "passes", 1, "left behind"),
    "merge_is_no_change": (_merge_is_no_change, "passes", 1, "only a merge"),
    "nothing_left_is_held": (_nothing_left_is_held, "machine", 1_000, "I3"),
    "begins_early": (_begins_early, "machine", 1_000, "I3"),
    "overtaken_for_ever": (_overtaken_for_ever, "landing", 200, "overtaken"),
    **planted_drive.PLANTS,
}


def active() -> str:
    """Return the plant of this run, '' for none."""
    return os.environ.get(ENV, "")


def sign() -> str:
    """Return what the layer has to say of this run's plant, "" for none."""
    return PLANTS[active()][3] if active() else ""


def apply() -> None:
    """Plant this run's bug in this process and the ones it forks."""
    if active():
        PLANTS[active()][0]()


def prepare(path: str) -> None:
    """Take away what the file itself would refuse, so that the plant can do its harm."""
    if active() == "cursor_without_max":
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        connection.execute("DROP TRIGGER cursor_never_back")
        connection.close()
