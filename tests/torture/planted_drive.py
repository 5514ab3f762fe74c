"""Bugs planted into the driver's planner and its effects: the layer `driving` catches each."""

from collections.abc import Callable

from orch.config.drive_policy import RetryPolicy
from orch.drive.planner import begins, finished, needs, order, planner, retry, run_level, states
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import DrivePlan, RunQueue, Tell
from tests.support.drive_world import World


def _slots_uncounted() -> None:
    """However many are at work, as many again may begin."""
    room = order.room

    def _all(snapshot):
        found = room(snapshot)
        found.at_once = snapshot.policy.at_once
        return found

    order.room = _all


def _ahead_of_a_worker() -> None:
    """Work is begun although no worker of ours is free."""
    room = order.room

    def _free(snapshot):
        found = room(snapshot)
        found.ours = None
        return found

    order.room = _free


def _without(limit: str) -> Callable[[], None]:
    """One of the numbers of retries is not looked at, by nobody."""

    def _plant() -> None:
        strict = RetryPolicy.limit

        def _lax(self, cause, **told):
            found = strict(self, cause, **told)
            return "" if found == limit else found

        RetryPolicy.limit = _lax

    return _plant


def _run_number_ignored() -> None:
    """The run's own number of retries is not looked at, by nobody."""
    _without("run")()
    room = order.room

    def _more(snapshot):
        found = room(snapshot)
        found.of_run = found.at_once + 1
        return found

    order.room = _more


def _overtaken_not_preferred() -> None:
    """However often a task was overtaken, urgent work goes first."""
    order.rank_of = lambda task, overtakes: (
        1,
        -task.priority,
        task.rank,
        -task.chain,
        task.task_no,
    )


def _overtaken_by_priority() -> None:
    """Among overtaken tasks the urgent go first: the prototype's own fault."""
    strict = order.rank_of

    def _rank(task, overtakes):
        found = strict(task, overtakes)
        return (*found[:1], -task.priority, *found[2:])

    order.rank_of = _rank


def _check_for_ever() -> None:
    """A check that cannot run is run again and again."""
    strict = states._verifying

    def _verifying(ledger, task):
        if task.gate == "error":
            states._verify(ledger, task, states.Verify(task.task_no))
        else:
            strict(ledger, task)

    states._OF_STATUS["verifying"] = _verifying


def _silent_review() -> None:
    """A review that says nothing is nobody's."""
    strict = finished._review

    def _review(ledger, task):
        if task.review == "silent":
            ledger.stay(task, "is reviewed")
            return True
        return strict(ledger, task)

    finished._review = _review


def _gone_is_waited_for() -> None:
    """A worker that is gone is taken to be at work."""
    states._silent = lambda ledger, task: ledger.work(task, "is at work")


def _backoff_not_woken_for() -> None:
    """A wait has no moment at which it is over."""
    Ledger.until = lambda self, task, moment, why: self.stay(task, why)


def _failed_without_a_word() -> None:
    """What is not tried again is left out."""

    def _failed(ledger, task):
        if begins.again(ledger, task, "retry", task.ended or "failed", task.ended_at) is not None:
            ledger.is_open = True

    states._OF_STATUS["failed"] = _failed


def _stranded_silently() -> None:
    """What waits for something called off just waits."""
    states._OF_STATUS["planned"] = lambda ledger, task: ledger.stay(task, "waits")


def _red_is_pushed_at() -> None:
    """A held queue is run all the same."""

    def _queues(ledger):
        ledger.steps += [RunQueue(q.queue_no) for q in ledger.snapshot.queues if q.moving]

    run_level.queues = _queues


def _storm_unseen() -> None:
    """The same failure of everybody is nobody's business."""
    retry.storm = lambda snapshot: ("", 0)


def _nobody_told() -> None:
    """Needs are found and not told."""
    strict = planner._plan

    def _plan(ledger):
        found = strict(ledger)
        left = tuple(step for step in found.steps if not isinstance(step, Tell))
        end = "" if left or found.is_moving or not found.needs else "needs_people"
        return DrivePlan(left, found.needs, found.why, found.wake_at, end, found.is_moving)

    planner._plan = _plan


def _question_unasked() -> None:
    """An open question counts as work."""
    strict = states._at_work

    def _at_work(ledger, task):
        if task.status == "blocked":
            ledger.work(task, "is at work")
        else:
            strict(ledger, task)

    states._OF_STATUS["blocked"] = _at_work


def _no_such_command() -> None:
    """A need names a command that there is not."""
    strict = needs.of_task

    def _of_task(snapshot, task, kind, text, step=None):
        if kind == "question":
            step = needs.say("answer", f"{snapshot.run_id}/{task.task_id}", text="TEXT")
        return strict(snapshot, task, kind, text, step)

    needs.of_task = _of_task


def _not_asked_again() -> None:
    """A begin does not look whether the task may still begin."""
    World._may_begin = lambda self, step: True


def _killed_dispatch_stays() -> None:
    """What a killed dispatch left is not undone."""
    strict = World._reconcile

    def _reconcile(self, fence):
        kept = dict(self.intents)
        strict(self, fence)
        self.intents = kept

    World._reconcile = _reconcile


def _unfenced() -> None:
    """A driver that was taken over goes on."""
    World._guard = lambda self, fence: None


def _ticket_without_a_key() -> None:
    """That a ticket was applied is written down after its tasks."""

    def _read_tickets(self, fence):
        for name in self.folder:
            self.applied[name] += 1
            self._add_random()
        if self.applied and max(self.applied.values()) > 1:
            self.violate("a ticket is applied twice")

    World._read_tickets = _read_tickets


# plant: (what it does, the layer that has to catch it, how much of that layer is enough, as what)
PLANTS: dict[str, tuple[Callable[[], None], str, int, str]] = {
    "slots_uncounted": (_slots_uncounted, "driving", 60, "tasks at work"),
    "ahead_of_a_worker": (_ahead_of_a_worker, "driving", 60, "free worker"),
    "run_number_ignored": (_run_number_ignored, "driving", 200, "than the run may have"),
    "task_number_ignored": (_without("task"), "driving", 100, "beyond its number"),
    "class_number_ignored": (_without("class"), "driving", 100, "is tried again"),
    "people_overruled": (_without("people"), "driving", 100, "is begun by itself"),
    "overtaken_not_preferred": (_overtaken_not_preferred, "driving", 200, "is overtaken"),
    "overtaken_by_priority": (_overtaken_by_priority, "driving", 200, "is overtaken"),
    "check_for_ever": (_check_for_ever, "driving", 100, "no end"),
    "silent_review": (_silent_review, "driving", 100, "nobody is told"),
    "gone_is_waited_for": (_gone_is_waited_for, "driving", 100, "no end"),
    "backoff_not_woken_for": (_backoff_not_woken_for, "driving", 100, "stuck"),
    "failed_without_a_word": (_failed_without_a_word, "driving", 60, "no reason is told"),
    "stranded_silently": (_stranded_silently, "driving", 100, "stuck"),
    "red_is_pushed_at": (_red_is_pushed_at, "driving", 200, "a held queue is run"),
    "storm_unseen": (_storm_unseen, "driving", 400, "in a storm"),
    "nobody_told": (_nobody_told, "driving", 60, "nobody was told"),
    "question_unasked": (_question_unasked, "driving", 60, "nobody is told"),
    "no_such_command": (_no_such_command, "driving", 60, "need question"),
    "not_asked_again": (_not_asked_again, "driving", 200, "begun twice"),
    "killed_dispatch_stays": (_killed_dispatch_stays, "driving", 200, "stuck"),
    "drive_unfenced": (_unfenced, "driving", 100, "lost its lease"),
    "ticket_without_a_key": (_ticket_without_a_key, "driving", 60, "applied twice"),
}
