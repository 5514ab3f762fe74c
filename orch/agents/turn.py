"""One turn: an agent's program at work on a thread, from its brief to its verdict.

Written down before it starts, as which process once it runs, and judged with its thread in
one transaction; killed anywhere in between, orch/agents/recovery.py finishes it (I12, I17).
"""

import json
import os

from inbox.store import messages as message_rows
from orch import config_in_force, process, process_identity
from orch.agents import prompt, turn_result
from orch.agents.turn_monitor import Watcher
from orch.config.model import Config
from orch.harness import outcome, strays
from orch.harness import process as children
from orch.harness.log import Log
from orch.harness.redaction import Redactor
from orch.operations import work
from orch.operations.work import HeldThread
from orch.store import turns as store
from orch.store.turns import Turn
from orch.worktrees import places
from schema import points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.turn_monitor import Stop
    from orch.harness.config import Harness
    from orch.harness.process import Child, ClientEnd
    from schema.transaction import Database, Tx


class Begun:
    """A turn that is written down and whose program is yet to be started."""

    __slots__ = ("before", "fresh", "grip", "session", "turn", "written")

    def __init__(
        self, grip: HeldThread, before: Turn | None, written: list[prompt.Message]
    ) -> None:
        self.grip = grip
        self.before = before
        self.written = written
        self.session = self.fresh = ""
        self.turn: Turn


def begin(tx: "Tx", harness: "Harness", grip: HeldThread, logs: str) -> Begun:
    """Write a turn down, in the transaction that takes its thread: nothing lies between the two.

    Raises: as require_holder, refused/budget (then nothing was written).
    """
    page, _, _ = message_rows.page(tx, grip.thread_no, 0, 1000, None)
    before = store.latest(tx, grip.thread_no)
    begun = Begun(grip, before, [prompt.Message(m) for m in json.loads(page)])
    if before is not None and before.harness == harness.name and harness.table.resume:
        begun.session = before.session
    begun.fresh = "" if begun.session else _fresh_session(harness)
    begun.turn = work.begin(
        tx,
        grip,
        harness=harness.name,
        mark=f"{grip.thread_id}-{os.urandom(6).hex()}",
        told_through=max((m.event_id for m in begun.written), default=0),
        log_path=log_of(logs, grip),
        runner=process_identity.mine(),
        session=begun.session or begun.fresh,
    )
    return begun


def run(db: "Database", harness: "Harness", begun: Begun, stop: "Stop") -> Turn:
    """Do a turn and return it, ended. Raises: lease_conflict, invalid_state when not ours."""
    grip, turn, log_path = begun.grip, begun.turn, begun.turn.log_path
    points.reach("work.turn_begun")
    if grip.place is not None:
        places.make(db, grip.place)  # Where the command that dispatched it was killed.
    text = _prompt(harness, begun)
    environment = environment_for(db, harness, grip, turn.mark)
    redactor = Redactor(environment)
    log = Log(log_path, harness.table.log_bytes, redactor)
    facts = outcome.TurnFacts()
    ended: ClientEnd | None = None
    watcher = Watcher(db, grip, turn, stop)
    try:
        brief = _write_brief(log_path, turn.turn_no, text)
        running = _start(db, harness, begun, log, environment, brief)
        points.reach("work.started")
        watcher.reader = running.reader
        ended = running.watch(watcher)
    except OSError as error:
        facts.error = f"cannot run {harness.table.command[0]}: {error.strerror or error}"
        facts.exit_status = 127
        log.note(facts.error)
    facts.lost = watcher.lost
    return turn_result.conclude(db, harness, grip, turn, facts, ended, log, redactor)


def _fresh_session(harness: "Harness") -> str:
    """Return a session id of ours for a client that takes one: it survives a crash of either."""
    if not any("{new_session}" in part for part in harness.table.command):
        return ""
    import uuid

    return str(uuid.uuid4())


def _prompt(harness: "Harness", begun: Begun) -> str:
    grip, before = begun.grip, begun.before
    if before is None:
        return prompt.first(grip, begun.written, harness.table.commits)
    if begun.session:
        return prompt.resumed(grip, begun.written, before)
    return prompt.again(grip, begun.written, harness.table.commits, before)


def log_of(logs: str, grip: HeldThread) -> str:
    """Return the path of an attempt's log below the store's `logs`."""
    if grip.attempt is None or grip.task is None:
        return os.path.join(logs, "_threads", f"{grip.thread_id}.log")
    name = f"attempt-{grip.attempt.attempt_no}.log"
    return os.path.join(logs, grip.task.run_id, grip.task.task_id, name)


def _write_brief(log_path: str, turn_no: int, text: str) -> str:
    path = f"{log_path.removesuffix('.log')}.turn-{turn_no}.brief"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path


def workdir_of(grip: HeldThread) -> str:
    """Return where the agent works: its worktree or place, the run's repository, or here."""
    if grip.attempt is not None and grip.attempt.worktree_path:
        return str(grip.attempt.worktree_path)
    if grip.place is not None:
        return grip.place.place_path
    repo = grip.run.repo_path if grip.run is not None else ""
    return str(repo) if repo and os.path.isdir(repo) else os.getcwd()


def environment_for(
    db: "Database", harness: "Harness", grip: HeldThread, mark: str
) -> dict[str, str]:
    """Return the whole environment of an agent's program: an allow-list, its keys, its work."""
    attempt = grip.attempt
    settings = Config()
    if attempt is not None and grip.run is not None:
        settings = config_in_force.at(db, grip.run, attempt.repo_path)
    found = base_environment(harness) | settings.environment
    author = {"NAME": grip.agent, "EMAIL": f"{grip.agent}@localhost"}
    for role in ("AUTHOR", "COMMITTER"):
        for field, value in author.items():
            name = f"GIT_{role}_{field}"
            found.setdefault(name, os.environ.get(name) or value)
    if grip.place is not None:
        found["ORCH_OUT"] = grip.place.out_path
    return found | {
        "ORCH_DB": db.path,
        "INBOX_AGENT": grip.agent,
        "INBOX_THREAD": grip.thread_id,
        "INBOX_LEASE": grip.token,
        strays.MARK: mark,
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
    grip, turn = begun.grip, begun.turn
    folder = db.folder.path
    values = {
        "agent": grip.agent,
        "brief": brief,
        "new_session": begun.fresh,
        "session": begun.session,
        "store_dir": folder,
        "store_roots": json.dumps([folder]),
        "thread": grip.thread_id,
        "workdir": workdir_of(grip),
    }
    argv = harness.argv(values, begun.session)
    log.note(f"turn {turn.turn_no} of {grip.name} by {grip.agent}: {' '.join(argv)}")
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
            store.started(tx, turn.turn_key, turn.thread_no, running.identity)
    except BaseException:
        running.kill()  # Nobody would look after it.
        raise
    return running
