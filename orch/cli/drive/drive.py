"""drive: a run from plan to landed; or a look at what its driver knows and decided."""

import os

from orch.cli.drive import lines, run_settings
from orch.drive import rehearsal
from orch.drive.options import DriveOptions, DriveOutcome
from orch.drive.runner import Driver
from orch.operations import driving, runs
from orch.steps.model import say
from orch.store import history
from schema import steps
from schema.failures import Failure, invalid_input
from schema.json_text import Json, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call

_SIGHUP, _SIGINT, _SIGTERM = 1, 2, 15
_SETTINGS = ("workers", "harness", "at_once", "verify_jobs", "integrate")
_WORKERS = 3  # Where a client is named and no number.
_LOOKS = ("dry_run", "explain", "audit", "replay")


def drive(
    call: "Call", *, runs: tuple[str, ...], once: bool, program: tuple[str, ...], **given: "Any"
) -> None:
    """Drive runs, or look at how they are driven."""
    looks = [name for name in _LOOKS if given.pop(name)]
    chosen = _chosen(call, runs)
    if len(looks) + once > 1:
        raise invalid_input("--once, --dry-run, --explain, --audit and --replay exclude each other",
                            reason="flag")  # fmt: skip
    if looks:
        from orch.cli.drive import looking

        options = _options(call, chosen, program, given, writes=False)
        looking.look(call, looks[0], chosen, options)
        return
    begin(call, chosen, once=once, program=program, **given)


def begin(
    call: "Call",
    run_ids: list[str],
    *,
    program: tuple[str, ...],
    once: bool = False,
    **given: "Any",
) -> None:
    """Drive runs to the end that was asked for: here, or in the background.

    Raises: refused/needs_people with what is needed, no_matching_work (timeout, empty),
    lease_conflict/held, invalid_input.
    """
    if given["background"]:
        _go_to_the_background(call, run_ids, program, given)
        return
    options = _options(call, run_ids, program, given, writes=True)
    options.once = once
    _require_workers(call, run_ids, options)
    if not call.as_json or given["follow"]:
        line = lines.teller(call)
    else:
        line = lines.silent
    driver = Driver(call.db, options, line)
    again = _again(run_ids, program, given)
    call.resume = steps.joined(again.at(call.place))
    heard = _heed_signals(driver)
    try:
        outcome = driver.drive(run_ids)
    finally:
        call.signals.pending = heard[-1] if heard else 0
    _end(call, outcome, again, follow=given["follow"])


def _chosen(call: "Call", given: tuple[str, ...]) -> list[str]:
    """Return the runs that are meant. Raises: not_found/run, no_matching_work/empty."""
    with call.db.read() as tx:
        found = [runs.require(tx, name).run_id for name in dict.fromkeys(given)]
        found = found or history.list_runs(tx, only_open=True)
    if not found:
        step = say("run init", run="RUN", goal="TEXT")
        raise Failure("no_matching_work", "empty", "there is no open run to drive", next=[step])
    return found


def _options(
    call: "Call", run_ids: list[str], program: tuple[str, ...], given: "dict[str, Any]",
    *, writes: bool,
) -> DriveOptions:  # fmt: skip
    """Return what the flags say; what is to be set for the runs is set."""
    options = DriveOptions(given["until"] or "blocked")
    options.program, options.cwd = program, os.getcwd()
    options.steal, options.seconds = given["steal"], given["for_seconds"]
    options.stands_by = options.until in ("done", "forever")
    flags = {name: given[name] for name in _SETTINGS if given[name] is not None}
    if given["tickets"]:
        flags["tickets"] = list(given["tickets"])
    if given["no_land"]:
        flags["queue"] = False
    if "," in flags.get("harness", ""):
        raise invalid_input(
            f"--harness {flags['harness']}: one client drives a run", reason="value",
            hint="name one client",
        )  # fmt: skip
    options.flags = _judged(flags)
    changes, taken_back = run_settings.read(given["pairs"])
    if writes and (changes or taken_back):
        for run_id in run_ids:
            with call.db.write() as tx:
                run = runs.require_open(tx, run_id)
                driving.change_settings(tx, run, changes, taken_back, run.leader)
    elif changes:
        options.flags = changes | options.flags
    from orch.cli.main import ask_review

    options.ask_review = ask_review
    return options


def _judged(flags: "dict[str, Any]") -> "dict[str, Any]":
    """Return flags as settings; bounds are those of orch.toml. Raises: invalid_input."""
    from orch.config import drive_schema

    pairs = [f"{n}={','.join(v) if isinstance(v, list) else str(v).lower() if v is False else v}"
             for n, v in flags.items()]  # fmt: skip
    return drive_schema.parsed(pairs)


def _require_workers(call: "Call", run_ids: list[str], options: DriveOptions) -> None:
    """See that the client of the workers can start. Raises: invalid_input with every reason."""
    policies = rehearsal.policies(call.db, run_ids, options)
    first = policies[0]
    if first.harness and not first.workers and "workers" not in options.flags:
        options.flags["workers"] = _WORKERS
    elif first.workers and not first.harness:
        raise invalid_input(
            f"{many(first.workers, 'worker')}, and no agent client is named", reason="flag",
            hint="say --harness claude (or codex, gemini, …), or harness in [drive] of orch.toml",
        )  # fmt: skip
    if options.program and first.harness != "command":
        raise invalid_input("PROGRAM goes with --harness command", reason="flag")
    if first.harness:
        from orch.cli.agents import work

        work.chosen(call, first.harness, options.program)


def _again(run_ids: list[str], program: tuple[str, ...], given: "dict[str, Any]") -> steps.Step:
    """Return how the same driver goes on: what was said for it alone is said again."""
    own = given | {"pairs": (), "steal": False, "follow": False}
    return steps.Step(
        ("orch", *lines.argv_of(run_ids, program, own)), why="it goes on where it was"
    )


def _heed_signals(driver: Driver) -> list[int]:
    """Ctrl-C once begins nothing more; twice, SIGTERM and a lost terminal end what runs.

    Returns the list of those that come: they stop the driver at its next look, and nothing else.
    """
    import signal

    heard: list[int] = []

    def _on(number: int, _frame: object) -> None:
        heard.append(number)
        driver.stop(1 if number == _SIGINT else 2)

    for number in (_SIGHUP, _SIGINT, _SIGTERM):
        if number != _SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # As nohup has it.
            signal.signal(number, _on)
    return heard


def _end(call: "Call", outcome: DriveOutcome, again: steps.Step, *, follow: bool) -> None:
    """Say what a driver came to. Raises: what it ended with, unless all is well."""
    answer = _answer(outcome, steps.joined(again.argv))
    call.signals.shielded = True  # What came after the stop is told at the end.
    if follow and call.as_json:
        call.stream(str(obj(end=outcome.end, data=answer)))
    if call.signals.pending:
        call.say(answer)
        return
    if outcome.end == "needs_people":
        count = len(outcome.needs)
        raise Failure(
            "refused", "needs_people",
            f"{many(count, 'thing waits', 'things wait')} for you: "
            + "; ".join(f"{lines.name_of(n)}{n.kind}" for n in outcome.needs[:5]),
            data=answer, next=_wanted(outcome),
        )  # fmt: skip
    if outcome.end in ("timeout", "empty"):
        words = {"timeout": "its time is used up; workers have finished their turns",
                 "empty": "nothing could be done now"}[outcome.end]  # fmt: skip
        reason = "timeout" if outcome.end == "timeout" else "empty"
        wanted = _wanted(outcome) if reason == "empty" else []
        raise Failure("no_matching_work", reason, words, data=answer, next=wanted or [again])
    call.say(answer, outcome.high_event_id)


def _wanted(outcome: DriveOutcome) -> list[steps.Step]:
    """Return what people can do, the first few."""
    return [steps.Step(need.argv, who="person", why=need.text) for need in outcome.needs[:10]]


def _answer(outcome: DriveOutcome, resume: str) -> Json:
    return obj(
        resume=resume,
        run_ids=outcome.runs,
        end=outcome.end,
        did=outcome.did,
        passes=outcome.passes,
        landed=outcome.landed,
        needs=[lines.need_document(need) for need in outcome.needs],
        why=[{"run_id": r, "task_id": t, "why": why} for r, t, why in outcome.why],
        run_ends=[
            {"run_id": run_id, "end": end, "target": target, "closed": closed}
            for run_id, end, target, closed in outcome.ends
        ],
        high_event_id=outcome.high_event_id,
    )


def _go_to_the_background(
    call: "Call", run_ids: list[str], program: tuple[str, ...], given: "dict[str, Any]"
) -> None:
    """Start the same driver in a session of its own, and say where it is."""
    from orch.cli.drive import lines as words
    from orch.drive import background

    argv = words.argv_of(run_ids, program, given)

    def _is_up(pid: int) -> bool:
        with call.db.read() as tx:
            return all(driving.driver(tx, run_id) == pid for run_id in run_ids)

    begun = background.start(call.db, run_ids[0], argv, os.getcwd(), _is_up)
    call.say(
        obj(run_ids=run_ids, end="background", pid=begun.pid, log_path=begun.log,
            status=begun.status)
    )  # fmt: skip
