"""One turn: an agent's program at work on a thread, from its brief to its verdict.

1. Begin: written down in the transaction that claims its thread. `work.claimed`
2. Prompt: `work.turn_begun`, the place, what is to be said.
3. Start: the process, written down as which one it is. `work.started`
4. Watch (turn_monitor.py): log, lease, stops and limits, to its end.
5. Judge (turn_result.py): git's facts and the client's become an outcome. `work.judged`
6. Conclude: turn and thread in one transaction. `work.concluded`

Killed anywhere in between, orch/agents/recovery.py finishes it (I12, I17).
"""

import json
import os

from inbox.store import messages as message_rows
from orch import config_in_force, process, process_identity
from orch.agents import deliver, prompt, turn_result
from orch.agents.turn_monitor import Watcher
from orch.config.model import Config
from orch.harness import orphans, outcome
from orch.harness import process as children
from orch.harness.log import Log
from orch.harness.redaction import Redactor
from orch.operations import work
from orch.operations.work import HeldThread
from orch.store import turns as store
from orch.store.turns import Turn
from orch.worktrees import places, shared
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.turn_monitor import Stop
    from orch.harness.config import Harness
    from orch.harness.process import Child, ClientEnd
    from schema.transaction import Database, Tx


class Begun:
    """A turn that is written down and whose program is yet to be started."""

    __slots__ = ("before", "fresh", "held", "session", "turn", "written")

    def __init__(
        self, held: HeldThread, before: Turn | None, written: list[prompt.Message]
    ) -> None:
        self.held = held
        self.before = before
        self.written = written
        self.session = self.fresh = ""
        self.turn: Turn


def begin(tx: "Tx", harness: "Harness", held: HeldThread, logs: str) -> Begun:
    """Write a turn down, in the transaction that takes its thread: nothing lies between the two.

    Raises: as require_holder, refused/budget (then nothing was written).
    """
    page, _, _ = message_rows.page(tx, held.thread_no, 0, 1000, None)
    before = store.latest(tx, held.thread_no)
    begun = Begun(held, before, [prompt.Message(m) for m in json.loads(page)])
    if before is not None and before.harness == harness.name and harness.table.resume:
        begun.session = before.session
    begun.fresh = "" if begun.session else _fresh_session(harness)
    begun.turn = work.begin(
        tx,
        held,
        harness=harness.name,
        mark=f"{held.thread_id}-{os.urandom(6).hex()}",
        told_through=max((m.event_id for m in begun.written), default=0),
        log_path=log_of(logs, held),
        runner=process_identity.mine(tx.machine),
        session=begun.session or begun.fresh,
    )
    return begun


def run(db: "Database", harness: "Harness", begun: Begun, stop: "Stop") -> Turn:
    """Do a turn and return it, ended. Raises: lease_conflict, invalid_state when not ours."""
    held, turn, log_path = begun.held, begun.turn, begun.turn.log_path
    crash_points.reach("work.turn_begun")
    try:
        if held.place is not None:
            held.place = places.bring(db, held.place)
            places.make(db, held.place)  # Where the command that dispatched it was killed.
        shared.arrive(db, held)
    except Failure as failure:
        is_elsewhere = held.place is not None and not (db.is_file or places.is_here(db, held.place))
        is_shared = held.attempt is not None and bool(held.attempt.repo_id)
        if failure.code == "lease_conflict" or not (is_shared or is_elsewhere):
            raise
        return turn_result.not_begun(db, held, turn, failure.message)
    text = _prompt(harness, begun)
    environment = environment_for(db, harness, held, turn.mark)
    redactor = Redactor(environment)
    log = Log(log_path, harness.table.log_bytes, redactor)
    facts = outcome.TurnFacts()
    ended: ClientEnd | None = None
    watcher = Watcher(db, held, turn, stop)
    try:
        brief = _write_brief(log_path, turn.turn_no, text)
        running = _start(db, harness, begun, log, environment, brief)
        crash_points.reach("work.started")
        watcher.reader = running.reader
        with deliver.meanwhile(db, held, log), watcher.guarded():
            ended = running.watch(watcher)
    except OSError as error:
        facts.error = f"cannot run {harness.table.command[0]}: {error.strerror or error}"
        facts.exit_status = 127
        log.note(facts.error)
    facts.lost = watcher.lost
    if watcher.failure is not None:
        turn_result.leave(db, harness, held, turn, log)
        raise watcher.failure
    if watcher.cut_off:
        turn_result.hold_out(db, harness, held, turn, log, stop)
    return turn_result.conclude(db, harness, held, turn, facts, ended, log, redactor)


def _fresh_session(harness: "Harness") -> str:
    """Return a session id of ours for a client that takes one: it survives a crash of either."""
    if not any("{new_session}" in part for part in harness.table.command):
        return ""
    import uuid

    return str(uuid.uuid4())


def _prompt(harness: "Harness", begun: Begun) -> str:
    held, before = begun.held, begun.before
    if before is None:
        return prompt.first(held, begun.written, harness.table.commits)
    if begun.session:
        return prompt.resumed(held, begun.written, before)
    return prompt.again(held, begun.written, harness.table.commits, before)


def log_of(logs: str, held: HeldThread) -> str:
    """Return the path of an attempt's log below the store's `logs`."""
    if held.attempt is None or held.task is None:
        return os.path.join(logs, "_threads", f"{held.thread_id}.log")
    name = f"attempt-{held.attempt.attempt_no}.log"
    return os.path.join(logs, held.task.run_id, held.task.task_id, name)


def _write_brief(log_path: str, turn_no: int, text: str) -> str:
    path = f"{log_path.removesuffix('.log')}.turn-{turn_no}.brief"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path


def workdir_of(held: HeldThread) -> str:
    """Return where the agent works: its worktree or place, the run's repository, or here."""
    if held.attempt is not None and held.attempt.worktree_path:
        return str(held.attempt.worktree_path)
    if held.place is not None:
        return held.place.place_path
    repo = held.run.repo_path if held.run is not None else ""
    return str(repo) if repo and os.path.isdir(repo) else os.getcwd()


def environment_for(
    db: "Database", harness: "Harness", held: HeldThread, mark: str
) -> dict[str, str]:
    """Return the whole environment of an agent's program: an allow-list, its keys, its work."""
    attempt = held.attempt
    settings = Config()
    if attempt is not None and held.run is not None:
        settings = config_in_force.at(db, held.run, attempt.repo_path)
    found = base_environment(harness) | settings.environment
    author = {"NAME": held.agent, "EMAIL": f"{held.agent}@localhost"}
    for role in ("AUTHOR", "COMMITTER"):
        for field, value in author.items():
            name = f"GIT_{role}_{field}"
            found.setdefault(name, os.environ.get(name) or value)
    if held.place is not None:
        found["ORCH_OUT"] = held.place.out_path
    return found | {
        "ORCH_DB": db.path,
        "INBOX_AGENT": held.agent,
        "INBOX_THREAD": held.thread_id,
        "INBOX_LEASE": held.token,
        orphans.MARK: mark,
    }


def base_environment(harness: "Harness") -> dict[str, str]:
    """Return what a harness's client is started with, whatever its work is."""
    import sysconfig

    found = process.environment({})
    ours = sysconfig.get_path("scripts")
    search = found.get("PATH", os.defpath)
    found["PATH"] = search if ours in search.split(os.pathsep) else f"{ours}{os.pathsep}{search}"
    found |= {name: os.environ[name] for name in harness.table.keys if name in os.environ}
    return found | harness.table.env


def _start(
    db: "Database", harness: "Harness", begun: Begun, log: Log,
    environment: dict[str, str], brief: str,
) -> "Child":  # fmt: skip
    """Start the program and write down which process it is. Raises: OSError."""
    held, turn = begun.held, begun.turn
    folder = db.folder.path
    values = {
        "agent": held.agent,
        "brief": brief,
        "new_session": begun.fresh,
        "session": begun.session,
        "store_dir": folder,
        "store_roots": json.dumps([folder]),
        "thread": held.thread_id,
        "workdir": workdir_of(held),
    }
    argv = harness.argv(values, begun.session)
    log.note(f"turn {turn.turn_no} of {held.name} by {held.agent}: {' '.join(argv)}")
    environment = environment | {"ORCH_BRIEF": brief}
    log.note(f"in {values['workdir']}; variables: {' '.join(sorted(environment))}")
    if not os.path.isdir(values["workdir"]):
        raise FileNotFoundError(2, f"{values['workdir']} is gone")
    running = children.Child(
        harness,
        argv,
        cwd=values["workdir"],
        environment=environment,
        prompt_file=brief,
        mark=turn.mark,
        log=log,
        spools=db.folder.spool,
    )
    try:
        with db.write() as tx:
            process = process_identity.on(tx.machine, running.identity)
            store.started(tx, turn.turn_key, turn.thread_no, process)
    except BaseException:
        running.kill()  # Nobody would look after it.
        raise
    return running
