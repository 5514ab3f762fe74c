"""pr open, update, status, checks, logs, merge: an entry on the forge."""

import time
from contextlib import contextmanager

from orch.cli.landing import names as queue_names
from orch.landing import open_queue, pull_requests, runner, runner_lease
from orch.landing.open_queue import OpenQueue
from orch.landing.snapshot import Options
from orch.operations import entries
from orch.steps.model import say
from orch.store import entries as entry_rows
from orch.store import pull_requests as pull_rows
from orch.store import queues as queue_rows
from orch.store.pull_requests import Pull
from schema.failures import Failure
from schema.json_text import NULL, Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from inbox.cli.call import Call
    from orch.forge.model import ForgeCheck
    from orch.landing.runner_lease import RunnerLease
    from orch.store.entries import Entry

_NAP_SECONDS = pull_requests.LOOK_MS / 1000


def open_one(call: "Call", *, entry: str | None, run: str | None, key: str | None) -> None:
    """Run the entry's queue until it waits on the forge."""
    if _said_before(call):
        return
    found, opened = _of(call, entry, run)
    if not opened.by_pull_request:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"work for {opened.queue.branch} lands here, not by pull request",
            hint='say so in orch.toml: [forge] land = "pull-request", and commit it',
            next=[say("queue run", run=found.run_id)],
        )
    problems = runner.run(call.db, opened.queue, Options()).problems
    _answer(call, found, problems)


def update(call: "Call", *, entry: str | None, run: str | None, key: str | None) -> None:
    """Push and describe an entry's pull request again."""
    if _said_before(call):
        return
    found, opened = _of(call, entry, run)
    _require(call, found)
    with _lease(call, opened) as lease:
        problems = pull_requests.push(lease, opened, found.entry_no)
    _answer(call, found, problems)


def status(call: "Call", *, entry: str | None, run: str | None, watch: bool) -> None:
    """Ask the forge and follow it; with `watch`, until the entry waits no more."""
    while True:
        found, opened = _of(call, entry, run)
        problems: list[str] = []
        if found.status == "awaiting_forge":
            with _lease(call, opened) as lease:
                problems = pull_requests.look(lease, opened, found.entry_no)
        if not watch or _now(call, found).status != "awaiting_forge":
            _answer(call, found, problems)
            return
        call.note(problems[0] if problems else _require(call, found).summary)
        time.sleep(_NAP_SECONDS)


def checks(call: "Call", *, entry: str | None, run: str | None) -> None:
    """List what the forge checked."""
    found, opened = _of(call, entry, run)
    pull = _require(call, found)
    forge = pull_requests.connect(opened)
    required = forge.required(opened.queue.branch)
    listed = [_check(one, required) for one in forge.checks(pull.commit_id)]
    _answer(call, found, [], checks=array(listed))


def logs(call: "Call", *, entry: str | None, run: str | None) -> None:
    """Show why checks failed."""
    found, opened = _of(call, entry, run)
    pull = _require(call, found)
    forge = pull_requests.connect(opened)
    failed = [one for one in forge.checks(pull.commit_id) if one.state == "failed"]
    _answer(call, found, [], text=pull_requests.failed_logs(forge, failed))


def merge(call: "Call", *, entry: str | None, run: str | None, key: str | None) -> None:
    """Merge it there, and follow it here."""
    if _said_before(call):
        return
    found, opened = _of(call, entry, run)
    pull = _require(call, found)
    if found.status != "awaiting_forge" or pull.number is None:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"{found.entry_id} is {found.status.replace('_', ' ')}: there is nothing to merge",
            next=[say("pr status", found.entry_id)],
        )
    forge = pull_requests.connect(opened)
    there = forge.look(pull.number)
    commit = there.merge_commit
    if there.state != "merged":  # Else an earlier call was killed right after it.
        title = f"{there.title} (#{pull.number})"
        commit = forge.merge(pull.number, pull.commit_id, opened.settings.forge.merge, title)
    with _lease(call, opened) as lease:
        problems = pull_requests.look(lease, opened, found.entry_no)
    _answer(call, found, problems, commit=commit)


def _said_before(call: "Call") -> bool:
    """Give the stored answer of the same key."""
    with call.db.read() as tx:
        kept = call.kept(tx, entries.ACTOR)
    if kept is None:
        return False
    call.say(kept)
    return True


def _of(call: "Call", name: str | None, run: str | None) -> "tuple[Entry, OpenQueue]":
    with call.db.read() as tx:
        found = queue_names.require(tx, name, run, of_work=True)
        queue = queue_rows.get(tx, found.queue_no)
    opened = open_queue.open_queue(call.db, queue)
    if not opened.settings.forge.kind:
        raise Failure(
            "invalid_state",
            "unsupported",
            "orch.toml names no forge",
            hint='add to orch.toml and commit it: [forge] kind = "github"',
        )
    return found, opened


def _require(call: "Call", entry: "Entry") -> Pull:
    with call.db.read() as tx:
        found = pull_rows.find(tx, entry.entry_no)
    if found is None:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"{entry.entry_id} ({entry.name}) has no pull request: it is {entry.status}",
            next=[say("pr open", entry.entry_id)],
        )
    return found


@contextmanager
def _lease(call: "Call", opened: OpenQueue) -> "Iterator[RunnerLease]":
    lease = runner_lease.take(call.db, opened.queue, opened.folder, steal=False)
    try:
        yield lease
    finally:
        lease.leave()


def _now(call: "Call", entry: "Entry") -> "Entry":
    with call.db.read() as tx:
        return entry_rows.get(tx, entry.entry_no)


def _check(one: "ForgeCheck", required: list[str] | None) -> Json:
    needed = None if required is None else one.name in required
    return obj(name=one.name, state=one.state, required=needed, url=one.url)


def _answer(call: "Call", entry: "Entry", problems: list[str], **more: object) -> None:
    """Say how the entry and its pull request are now; with a key, once."""
    with call.db.read() as tx:
        document = entry_rows.document(tx, entry.entry_no)
        pull = pull_rows.find(tx, entry.entry_no)
    told = NULL if pull is None else _document(pull)
    answer = obj(entry=document, pull_request=told, problems=problems, **more)
    if call.key is not None:
        with call.db.write() as tx:
            answer = call.once(tx, entries.ACTOR, lambda: answer)
    call.say(answer)


def _document(pull: Pull) -> Json:
    return obj(
        number=pull.number,
        url=pull.url,
        branch=pull.branch,
        head_commit=pull.commit_id,
        state=pull.state,
        summary=pull.summary,
        errors=pull.errors,
    )
