"""wait without --for: all news of a leader at once, each with its command, told once.

In this order: offered (committed), printed, delivered. A wait that is killed in between tells the
same again and says so; what was delivered is never told again (docs/invariants.md, I23).
"""

import os

from inbox.workflows.wait import timed_out
from orch import wait_for_news
from orch.board.reader import BoardReader
from orch.operations import runs, telling
from orch.steps.model import say
from orch.store import history
from schema import crash_points, events, ids
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, merge, obj
from schema.moments import stamp
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Run
    from orch.operations.telling import News
    from orch.wait_for_news import Gathered

_DEFAULT_SECONDS = 100.0
_MOST_ENDS = 200  # Of what nobody has to act on: the newest; the rest is counted.


def wait(
    call: "Call", *, run: str | None, timeout: float, seen: int | None, again: bool, every: bool
) -> None:
    """Tell a leader all that is new, or wait for it; `again`: what holds, told or not."""
    name = _name(call, run, every=every)
    me = os.environ.get("INBOX_AGENT")
    leader = ids.require_name(me, "INBOX_AGENT") if me else None
    if seen is not None:
        _acknowledge(call, name, leader, seen)
    if again:
        _tell_again(call, name, leader)
        return
    call.resume = _resume(call, name, seen, seen, timeout)
    problems: dict[str, None] = {}

    def _hear(text: str) -> None:
        problems[text] = None
        call.note(text)

    reader = BoardReader(call.db, name, 1)
    found, is_new = wait_for_news.for_news(
        call.db, lambda: _runs(call, name), leader, timeout, _hear, reader.to_tell
    )
    call.resume = _resume(call, name, found.through, seen, timeout)
    if not is_new:
        raise _nothing(call, name, found, timeout, list(problems))
    _tell(call, found, leader)


def runs_of(call: "Call", run: str | None, *, every: bool) -> "list[Run]":
    """Return the runs that a wait is about. Raises: invalid_input, not_found."""
    names = _runs(call, _name(call, run, every=every))
    with call.db.read() as tx:
        return [runs.require(tx, one) for one in names]


def _name(call: "Call", run: str | None, *, every: bool) -> str | None:
    """Return the run that is meant, None for every open one. Raises: invalid_input."""
    if every and run is not None:
        raise invalid_input("--all is about every open run: leave --run out", reason="flag")
    return None if every else run or _only_run(call)


def _only_run(call: "Call") -> str:
    """Return the one open run. Raises: invalid_input where there is none, or several."""
    with call.db.read() as tx:
        found = history.list_runs(tx, only_open=True)
    if len(found) == 1:
        return found[0]
    if not found:
        raise invalid_input("missing --run: no run is open", reason="flag", next=[say("run list")])
    many = ", ".join(found[:5])
    raise invalid_input(
        f"missing --run: which one? {len(found)} are open: {many}",
        reason="flag",
        hint="or wait for news of all of them",
        next=[say("wait", all=True)],
    )


def _runs(call: "Call", name: str | None) -> list[str]:
    if name is not None:
        return [name]
    with call.db.read() as tx:
        return history.list_runs(tx, only_open=True)


def _resume(
    call: "Call", name: str | None, through: int | None, before: int | None, timeout: float
) -> str:
    """Return the wait that goes on; never the same line: some clients end a loop."""
    line = "wait" + (f" --run {name}" if name is not None else " --all")
    if through is not None:
        line += f" --seen {through}"
        if through == before:
            timeout += -1 if timeout > 2 else 0.5
    tail = "" if timeout == _DEFAULT_SECONDS else f" --timeout-seconds {timeout:g}"
    return call.again(line + tail)


def _acknowledge(call: "Call", name: str | None, leader: str | None, seen: int) -> None:
    """Move the leader's place up to where it says to have read. Raises: invalid_input."""
    with call.db.write() as tx:
        last = events.last_id(tx)
        if seen > last:
            raise invalid_input(
                f"--seen {seen} is beyond the last event ({last})",
                hint="give the number that the answer printed",
            )
        for one in [name] if name is not None else history.list_runs(tx, only_open=True):
            run = runs.require(tx, one)
            telling.acknowledge(tx, leader or run.leader, run, seen)


def _tell(call: "Call", found: "Gathered", leader: str | None) -> None:
    """Offer the news, set it as the answer, and note after its printing that it was delivered."""
    places: dict[str, str] = {}
    with call.db.write() as tx:
        for one in found.news:
            if one.run_id not in places:
                run = runs.require(tx, one.run_id)
                places[one.run_id] = leader or run.leader
                telling.offer(tx, places[one.run_id], run, found.through, one.event_id)
    crash_points.reach("told.offered")

    def _delivered() -> None:
        crash_points.reach("told.printed")
        try:
            with call.db.write() as tx:
                for run_id, who in places.items():
                    telling.deliver(tx, who, run_id, found.through)
        except Failure:
            pass  # It is told again, and said to be: the answer is printed, and stays right.
        crash_points.reach("told.delivered")

    call.printed = _delivered
    call.say(_answer(call, found, any(one.again for one in found.news)))


def _tell_again(call: "Call", name: str | None, leader: str | None) -> None:
    """Tell everything that holds, whatever was told of it; no place moves."""
    reader = BoardReader(call.db, name, 1)
    names = _runs(call, name)
    for one in names:
        wait_for_news.settle(call.db, one, {}, reader.to_tell)
    with call.db.read() as tx:
        news = [n for one in names for n in telling.holding(tx, runs.require(tx, one))]
        found = wait_for_news.Gathered(telling.by_urgency(news), 0, events.last_id(tx))
    call.resume = _resume(call, name, None, None, _DEFAULT_SECONDS)
    if not found.news:
        raise Failure(
            "no_matching_work",
            "empty",
            "nothing waits for you" + (f" in run {name}" if name else ""),
            hint="wait for news",
            next=[say("wait", run=name, all=name is None)],
            data=obj(woke=False, news=[], still_waiting=0, again=True),
        )
    call.say(_answer(call, found, True))


def _answer(call: "Call", found: "Gathered", again: bool) -> Json:
    needs = [one for one in found.news if one.is_need]
    ends = [one for one in found.news if not one.is_need]
    shown = needs + ends[-_MOST_ENDS:]
    with call.db.read() as tx:
        first = wait_for_news.woken(tx, found.news[0])
    return merge(
        first,
        news=array(map(_document, shown)),
        more=len(found.news) - len(shown),
        still_waiting=found.still,
        again=again,
        seen=found.through,
        resume=call.resume,
    )


def _document(one: "News") -> Json:
    return obj(
        kind=one.kind,
        run_id=one.run_id,
        task_id=one.task_id or None,
        event_id=one.event_id,
        who=one.who or None,
        since=stamp(one.since),
        text=one.text,
        command=one.command or None,
        again=one.again,
    )


def _nothing(
    call: "Call", name: str | None, found: "Gathered", timeout: float, problems: list[str]
) -> Failure:
    """Return the end of a wait without news: it names what still waits, and how to read it."""
    where = f"run {name}" if name is not None else "any open run"
    failure = timed_out(f"nothing new in {where}", timeout, found.through, call.resume)
    if found.still:
        told = f"{many(found.still, 'still waits', 'still wait')} for you"
        failure.message += f"; {told}"
        step = say("wait", run=name, all=name is None, again=True)
        failure.next = (step.because("what was told and still waits"), *failure.next)
    if problems:
        failure.message += "; " + problems[0]
        failure.details = {"problems": problems}
    failure.data = merge(str(failure.data), news=[], still_waiting=found.still, again=False)
    return failure
