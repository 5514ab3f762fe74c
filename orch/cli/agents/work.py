"""work, stop, continue, usage: agents at work."""

import time

from inbox import model
from orch import config_in_force
from orch import reads as board
from orch.agents import control
from orch.agents import worker_pool as workflow
from orch.agents.turn_monitor import Stop
from orch.cli import task_names
from orch.fleet import wanted
from orch.harness import config as harnesses
from orch.operations import attempts, runs, tasks
from orch.steps.model import read, say
from orch.store import turns as store
from schema import ids
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, loads, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.cli.call import Call
    from orch.harness.config import Harness
    from orch.harness.preflight import HarnessFindings
    from schema.transaction import Database

_SIGHUP, _SIGINT, _SIGTERM = 1, 2, 15


def work(
    call: "Call",
    *,
    agent: str,
    harness: str,
    program: tuple[str, ...],
    pools: tuple[str, ...],
    labels: tuple[str, ...],
    count: int,
    slots: bool,
    lifeline: int | None,
    once: bool,
    until_idle: bool,
    for_seconds: float | None,
    lease_seconds: float | None,
    check: bool,
) -> None:
    """Start agents and stay with them."""
    if sum((once, until_idle)) > 1:
        raise invalid_input("--once and --until-idle cannot be combined", reason="flag")
    if slots and (once or until_idle or count > 1 or not pools):
        raise invalid_input(
            "--slots goes with --pool, and not with --count, --once or --until-idle", reason="flag"
        )
    names = [agent] if count == 1 else [f"{agent}-{n}" for n in range(1, count + 1)]
    agents = [ids.require_name(name, "--agent") for name in names]
    client, found = chosen(call, harness, program)
    if check:
        call.say(_checked(agent, client, found))
        return
    pools += wanted.addresses(call.db, [*agents, *pools], labels)
    mode = "once" if once else "until_idle" if until_idle else "forever"
    ttl_ms = model.lease_ms(lease_seconds)
    plan = workflow.WorkerOptions(agents, pools, client, mode, ttl_ms, by_slots=slots)
    pool = workflow.WorkerPool(call.db, plan, Stop(), teller(call))
    if for_seconds:
        pool.stop.deadline = time.monotonic() + for_seconds
    call.resume = call.again(f"work --agent {agent} {client.words}")
    heed_signals(call, pool)
    if lifeline is not None:
        heed_lifeline(lifeline, pool)
    _run(call, pool)
    if once and not pool.ended and pool.refusal is not None:
        raise pool.refusal
    if once and not pool.ended and not call.signals.pending:
        raise Failure(
            "no_matching_work",
            "empty",
            f"no thread is waiting for {agent}",
            hint=f"wait for one: {call.resume}",
        )
    call.say(
        obj(
            harness=harness,
            agents=agents,
            outcomes=[{"outcome": k, "turns": n} for k, n in sorted(pool.counts.items())],
            turns=pool.documents(),
            problems=pool.problems,
        )
    )


def _run(call: "Call", pool: workflow.WorkerPool) -> None:
    """Let the workers work. Raises: what stopped them; newer_schema with how they go on."""
    try:
        pool.run()
    except Failure as failure:
        if failure.reason == "newer_schema":
            failure.next = tuple(read(call.resume, "once orch is updated"))
        raise


def one_turn(
    call: "Call", agent: str, harness: "tuple[Harness, HarnessFindings]"
) -> workflow.WorkerPool:
    """Let one agent do the one thread that waits for it; return what came of it."""
    plan = workflow.WorkerOptions([agent], (), harness[0], "once", model.lease_ms(None))
    pool = workflow.WorkerPool(call.db, plan, Stop(), teller(call))
    heed_signals(call, pool)
    pool.run()
    return pool


def chosen(call: "Call", name: str, program: tuple[str, ...]) -> "tuple[Harness, HarnessFindings]":
    """Return the harness, looked at. Raises: invalid_input with every reason at once."""
    return client_of(call.db, name, program, call.again)


def client_of(
    db: "Database", name: str, program: tuple[str, ...], again: "Callable[[str], str]"
) -> "tuple[Harness, HarnessFindings]":
    """Return a client, looked at; `again` writes the command that looks once more.

    Raises: invalid_input with every reason at once.
    """
    settings = config_in_force.here(db)
    client, problems = harnesses.resolve(name, settings.harnesses, program)
    if client is not None:
        found = workflow.check(db, client)
        problems = found.problems
        if not problems:
            return client, found
    raise Failure(
        "invalid_input",
        "value",
        f"harness {name} cannot start: " + "; ".join(problems),
        hint="fix these, then look again: "
        + again(f"work --check --agent NAME {harnesses.named(name, program)}"),
        details={"problems": problems},
    )


def _checked(agent: str, chosen: "Harness", found: "HarnessFindings") -> Json:
    return obj(
        start=f"{say('work', agent=agent).line} {chosen.words}",
        harness=chosen.name,
        program=found.path,
        version=found.version or None,
        command=chosen.table.command,
        resumes=bool(chosen.table.resume),
        commits=chosen.table.commits,
        warnings=found.warnings,
    )


def teller(call: "Call") -> "workflow.Tell":
    """Return what tells of progress: on standard error, and only to people."""
    if call.as_json:
        return lambda _text: None
    from inbox.cli import plain
    from inbox.cli.output import write_error

    return lambda text: write_error(plain.line(text, 300))


def heed_signals(call: "Call", pool: workflow.WorkerPool) -> None:
    """Ctrl-C once finishes what runs, twice ends it; SIGTERM and a lost terminal end it at once.

    The answer is printed all the same, and the exit status says which signal it was.
    """
    import signal

    def _on(number: int, _frame: object) -> None:
        call.signals.shielded = True
        level = 2 if number != _SIGINT or pool.stop.level >= 1 else 1
        call.signals.pending = number
        pool.ask_stop(level)
        pool.tell("ending the agents" if level == 2 else "finishing what runs; again to end it")

    for number in (_SIGHUP, _SIGINT, _SIGTERM):
        if number != _SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # As nohup has it.
            signal.signal(number, _on)


def heed_lifeline(fd: int, pool: workflow.WorkerPool) -> None:
    """End the turns once nobody holds the other end of a pipe: whoever started us is gone.

    Raises: invalid_input when it is no pipe.
    """
    import os
    import stat
    import threading

    try:
        is_pipe = stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        is_pipe = False
    if not is_pipe:
        raise invalid_input(f"--lifeline {fd} is not an open pipe", reason="flag")
    os.set_inheritable(fd, False)

    def _watch() -> None:
        try:
            while os.read(fd, 64):
                pass
        except OSError:
            pass
        pool.tell("whoever started this worker is gone: ending the agents")
        pool.ask_stop(2)

    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def stop(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    reason: str,
    key: str | None,
) -> None:
    """End the agent of a task; with the same key again, that turn's and no later one."""
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)
        asked = call.once(
            tx,
            found.leader,
            lambda: obj(turn_key=control.ask_to_stop(tx, subject, reason).turn_key),
        )
        turn = store.require(tx, loads(asked)["turn_key"])
    ended = control.ended(call.db, turn, subject.name, reason)
    from orch.reconcile import reconcile

    reconcile(call.db, found.run_id, call.note)
    with call.db.read() as tx:
        document, attempt = board.with_attempt(tx, subject.task_no)
        answer = obj(task=document, attempt=attempt, turn=store.document(tx, ended.turn_key))
    call.say(merge(answer, replayed=True) if "replayed" in loads(asked) else answer)


def go_on(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    body: str | None,
    key: str | None,
) -> None:
    """Let a task's agent go on with a word more."""
    if not body:
        raise invalid_input("missing --body: say what it is to do next", reason="flag")
    from orch.reconcile import reconcile

    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        leader = runs.require_open(tx, run_id).leader
    reconcile(call.db, run_id, call.note)
    with call.db.write() as tx:
        subject = tasks.require(tx, run_id, task_id)
        before = attempts.latest(tx, subject)
        answer = call.kept(tx, leader)
        if answer is None:
            change = control.speak(tx, runs.require_open(tx, run_id), subject, body)
            if change is not None:
                from inbox.store import messages, threads

                document, attempt = board.with_attempt(tx, subject.task_no)
                said = obj(
                    task=document,
                    attempt=attempt,
                    thread=threads.document(tx, change.thread_no),
                    message=messages.document(tx, change.event_id),
                    event_id=change.event_id,
                )
                call.committed = change.event_id
                answer = call.once(tx, leader, lambda: said)
    if answer is not None:
        call.say(answer, call.committed)
        return
    from orch.cli.tasks import dispatch

    assert before is not None
    dispatch.retry(
        call, run=run_id, task=task_id, task_name=None, to=None, body=body, key=key,
        base_ref=control.base_of(before), force=False,
    )  # fmt: skip


def usage(
    call: "Call", *, run: str | None, task: str | None, task_name: str | None, limit: int
) -> None:
    """Show what a run's agents took, or one task's."""
    with call.db.read() as tx:
        if task is None and task_name is None:
            if run is None:
                raise invalid_input("missing --run or a task: whose usage?", reason="flag")
            run_id, task_no, task_id = runs.require(tx, run).run_id, None, None
        else:
            found, subject = task_names.require_task(tx, run, task, task_name)
            run_id, task_no, task_id = found.run_id, subject.task_no, subject.task_id
        call.say(
            obj(
                run_id=run_id,
                task_id=task_id,
                usage=store.usage(tx, run_id, task_no),
                tasks=store.shares(tx, run_id, task_no, by_agent=False),
                agents=store.shares(tx, run_id, task_no, by_agent=True),
                turns=array(store.documents(tx, run_id, task_no, limit)),
            )
        )
