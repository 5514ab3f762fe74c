"""Layer `disk`: every verb with the k-th operation of every kind failing, for every k.

Once or from then on; I/O error, full disk, short read; then two faults at once. Whatever
fails, the answer is true: success means it is there, a store_error that it is not, and
outcome_unknown that the store could not be read back. On a sound disk the same command then ends
as if nothing had happened, once. The same with RLIMIT_FSIZE at every size, and, as root, on
a file system that fills up. Unit: verbs swept.
"""

import os
import random
import resource
import signal
import subprocess
from collections.abc import Iterator

import apsw

from schema import new_store
from schema.failures import Failure
from tests.support import invariants, places
from tests.support.disks import FailingDisk, use
from tests.support.invariants import UNSURE
from tests.support.session import Answer, Session, refusal
from tests.torture import verbs
from tests.torture.report import PARTS, Budget, Report
from tests.torture.verbs import Template, Verb

ALONE = True
_PAIRS_QUICK, _PAIRS_MORE = 10, 300
_FILE_SIZE_STEP = 1500
_RECOVERY_READS = 500
_READS_JUDGED_WHOLE = 5  # A failed read can hurt nothing: every fifth is followed to the end.
_SMALL_DISK = 3 * 1024 * 1024
_ON_LONG_WAL = ("send", "done")  # Their COMMIT folds the WAL in, and their opening reads it all.
# Cursors and the index of search: no event, no key, and doing it again changes nothing.
_REPEATABLE = ("mark-read", "wait-reply", "search")


def run(budget: Budget, report: Report) -> None:
    """Sweep one verb after the other; from the second time on with many more pairs."""
    jobs = _jobs(report.seed)
    disk = FailingDisk()
    for number in budget.rounds():
        index = number * PARTS + report.part
        name, long_wal = jobs[index % len(jobs)]
        with places.folder() as where:
            template = Template(where, long_wal=long_wal)
            verb = next(verb for verb in template.verbs if verb.name == name)
            sweeper = _Sweeper(template, disk, where, report)
            sweeper.sweep(verb, _PAIRS_QUICK if index < len(jobs) else _PAIRS_MORE)
            if verb.writes and not long_wal:
                sweeper.beside(verb)
                _file_size(template, verb, where, report)
        if index % len(jobs) == 0:
            _full_disk(report)
        report.add("verbs swept")


def _jobs(seed: int) -> list[tuple[str, bool]]:
    """Return every verb, on a long WAL or not, in the seed's order; the first writes events.

    A run that is over before it swept them all has swept others than the one before.
    """
    with places.folder() as where:
        known = Template(where).verbs
    rng = random.Random(f"disk/{seed}")
    writing = [v.name for v in known if v.writes and v.name not in _REPEATABLE]
    first = rng.choice(writing)
    rest = [(verb.name, False) for verb in known if verb.name != first]
    rest += [(name, True) for name in _ON_LONG_WAL]
    rng.shuffle(rest)
    return [(first, False), *rest]


class _Sweeper:
    """Breaks one verb of a template in every way, one run after the other."""

    def __init__(self, template: Template, disk: FailingDisk, where: str, report: Report) -> None:
        self.template = template
        self.disk = disk
        self.where = os.path.join(where, "broken")
        self.report = report
        self.judged = 0

    def sweep(self, verb: Verb, pairs: int) -> None:
        before, after, counts = self._sound(verb)
        step = dict.fromkeys(FailingDisk.ERRORS, 1)
        step["read", "short"] = 4
        is_quick = pairs == _PAIRS_QUICK
        if is_quick:  # Opening reads the same pages for every verb.
            step["read", "io"] = step["read", "short"] = 6
        if counts["read"] > _RECOVERY_READS:  # Thousands of equal reads of a long WAL.
            step["read", "io"] = step["read", "short"] = counts["read"] // 50
        for kind, error in FailingDisk.ERRORS:
            every = step[kind, error]
            # Each fails once; for good every one, or in the quick form one in three.
            for_good = 10 if kind == "read" else 3 if is_quick else 1
            first = self.report.random.randint(1, every)
            for k in range(first, counts[kind] + 1, every):
                self._break(verb, [(kind, error, k, False)], before, after)
                if self.report.random.randrange(for_good) == 0:
                    self._break(verb, [(kind, error, k, True)], before, after)
        kinds = [(what, how) for what, how in FailingDisk.ERRORS if counts[what] and how != "short"]
        for _ in range(pairs):
            faults = []
            for kind, error in self.report.random.choices(kinds, k=2):
                k = self.report.random.randint(1, counts[kind])
                faults.append((kind, error, k, self.report.random.random() < 0.3))
            self._break(verb, faults, before, after)
            self.report.add("of them pairs")

    def beside(self, verb: Verb) -> None:
        """The same while another process has the store open, and then dies: nothing may come back.

        Its wal-index outlives our failed COMMIT, so pages that are in the WAL do not count until
        the last process is gone.
        """
        before, after, counts = self._sound(verb)
        for kind in ("write", "sync"):
            for k in range(1, counts[kind] + 1):
                path = self.template.copy(self.where)
                pid, pipe = _bystander(path)
                self.disk.calm()
                self.disk.fail(kind, "io", k, False)
                answer = self._run(path, verb)
                os.kill(pid, signal.SIGKILL)
                places.reap(pid)
                os.close(pipe)
                story = f"{verb.name} with {kind} {k} failing beside another process"
                _judge(story, verb, answer, path, (before, after), self.report)
                self.report.add("runs beside another process")

    def _sound(self, verb: Verb) -> tuple[tuple, tuple, dict[str, int]]:
        """Return the state before and after on a sound disk, and what it took; both are whole."""
        path = self.template.copy(self.where)
        before = verbs.state_of(path)
        wrong = invariants.violations(path)
        path = self.template.copy(self.where)
        self.disk.calm()
        answer = self._run(path, verb)
        assert verb.fits(answer), (verb.name, answer)
        counts = dict(self.disk.counts)
        wrong += invariants.violations(path)
        assert not wrong, (verb.name, wrong)
        return before, verbs.state_of(path), counts

    def _run(self, path: str, verb: Verb) -> Answer:
        """Do what a process does: open, run, end."""
        with use(self.disk, FailingDisk.NAME):
            try:
                session = Session(path)
            except Failure as failure:
                return refusal(verb.name, failure)
            answer = session.run(*verb.argv)
            self.disk._faults.clear()  # How the process ends is no longer of interest.
            session.close()
            return answer

    def _break(self, verb: Verb, faults: list, before: tuple, after: tuple) -> None:
        path = self.template.copy(self.where)
        self.disk.calm()
        for fault in faults:
            self.disk.fail(*fault)
        answer = self._run(path, verb)
        self.report.add("runs")
        self.report.add("faults met", self.disk.fired)
        story = f"{verb.name} with {faults}"
        # Equal bytes are the state before; what a sound disk makes of them was judged in _sound().
        is_untouched = self.template.is_untouched(path)
        if any(error == "short" for _, error, _, _ in faults):
            if not is_untouched:
                _judge_short(story, verb, answer, path, before, self.report)
            self.report.add("short reads")
            return
        self.judged += 1
        if faults[0][0] != "read" or self.judged % _READS_JUDGED_WHOLE == 0:
            _judge(story, verb, answer, path, (before, after), self.report)
        else:
            state = before if is_untouched else verbs.state_of(path)
            _judge_answer(story, verb, answer, state, (before, after), self.report)


def _bystander(path: str) -> tuple[int, int]:
    """Return (pid, pipe) of a process that has the store open and has read from it."""
    reader, writer = os.pipe()

    def _look() -> None:
        session = Session(path)
        assert session.run("list").ok
        os.write(writer, b"r")
        signal.pause()

    pid = places.fork(_look)
    os.close(writer)
    os.read(reader, 1)
    return pid, reader


def _judge(
    story: str, verb: Verb, answer: Answer, path: str, states: tuple[tuple, tuple], report: Report
) -> None:
    """Hold an answer against the store, then run it again on the disk that is well now.

    It ends as if nothing had happened, and all is well.
    """
    after = states[1]
    session = Session(path)
    state = verbs.state(session.db.connection)
    _judge_answer(story, verb, answer, state, states, report)
    again = session.run(*verb.argv)
    session.close()
    if not (verb.fits(again) or (verb.refusal and state == after)):
        report.violate(f"I6 {story}: {answer.code or 'done'}, then run again: {again}")

    def _look(connection: apsw.Connection) -> list[str]:
        is_right = verbs.state(connection) == after
        return [] if is_right else ["I6 run again, it is not as it should be"]

    report.violate(*(f"{story}: {wrong}" for wrong in invariants.violations(path, look=_look)))


def _judge_answer(
    story: str,
    verb: Verb,
    answer: Answer,
    state: tuple,
    states: tuple[tuple, tuple],
    report: Report,
) -> None:
    """Hold an answer against the state in which the store was found."""
    before, after = states
    told = _meaning(verb, answer)
    report.add(f"answered {told}")
    if told == "wrong":
        report.violate(f"{story}: {answer}")
    if state not in (before, after) and not _partly(verb, state, before, after):
        report.violate(f"I9 {story}: half done: {state}")
    if told == "done" and state != after:
        report.violate(f"I2 {story}: answered, and not there")
    if told == "not done" and state == after != before and verb.name not in _REPEATABLE:
        report.violate(f"I6 {story}: {answer.code}, yet it is there")


def _judge_short(
    story: str, verb: Verb, answer: Answer, path: str, before: tuple, report: Report
) -> None:
    """A page of which only half came: SQLite takes the rest for zeros, so only safety is judged.

    The unix VFS reads on until the end of the file, so this is a file that somebody cut off. A
    refusal must then have changed nothing, and the file must be as whole as it was.
    """
    if verb.fits(answer):
        return
    if verbs.state_of(path) != before and not (verb.refusal or verb.name in _REPEATABLE):
        report.violate(f"{story}: {answer.code}, yet something was changed")
    report.violate(*(f"{story}: {wrong}" for wrong in invariants.violations(path)))


def _meaning(verb: Verb, answer: Answer) -> str:
    """Return what an answer promises: done, not done, unknown; anything else is wrong."""
    if verb.fits(answer):
        return "done"
    if answer.code == UNSURE:
        return "unknown"
    if answer.code in _STORE_ERRORS:
        return "not done"
    return "wrong"


_STORE_ERRORS = tuple(f"store_error/{r}" for r in ("io", "full", "corrupt", "readonly"))


def _partly(verb: Verb, state: tuple, before: tuple, after: tuple) -> bool:
    """Search works in steps of its own, and each of them is whole."""
    return verb.name == "search" and state[:3] == before[:3] == after[:3]


def _file_size(template: Template, verb: Verb, where: str, report: Report) -> None:
    """The process may not write beyond a size, at each size in turn."""
    place = os.path.join(where, "limited")
    path = template.copy(place)
    before = verbs.state_of(path)
    path = template.copy(place)
    begin = os.stat(path + "-wal").st_size
    _limited(path, verb, 1 << 30)
    end = os.stat(path + "-wal").st_size
    after = verbs.state_of(path)
    for limit in _sizes(begin, end):
        path = template.copy(place)
        answer = _limited(path, verb, limit)
        story = f"{verb.name} at most {limit} bytes"
        _judge(story, verb, answer, path, (before, after), report)
        report.add("file size limits")


def _sizes(begin: int, end: int) -> Iterator[int]:
    yield 0
    yield from range(max(1, begin - _FILE_SIZE_STEP), end + _FILE_SIZE_STEP, _FILE_SIZE_STEP)


def _limited(path: str, verb: Verb, limit: int) -> Answer:
    """Do what a process does that may write no further than `limit`."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        session = Session(path)
        answer = session.run(*verb.argv)
    except Failure as failure:
        return refusal(verb.name, failure)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    session.close()
    return answer


def _full_disk(report: Report) -> None:
    """Write until the disk is full: what was answered stays, and freeing space is enough."""
    if os.geteuid() != 0:
        return
    with places.folder() as where:
        mounted = os.path.join(where, "small")
        os.mkdir(mounted, 0o700)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK},mode=700", "tmpfs", mounted]
        if subprocess.run(mount, capture_output=True).returncode:
            return  # A container without the right to mount.
        try:
            report.violate(*places.in_child(lambda: _fill(mounted)))
            report.add("disks filled")
        finally:
            subprocess.run(["umount", mounted], check=True)


def _fill(mounted: str) -> list[str]:
    path = os.path.join(mounted, places.STORE)
    ballast = os.path.join(mounted, "ballast")
    with open(ballast, "wb") as file:
        file.write(bytes(400_000))
    new_store.create(path)
    session = Session(path)
    send = ["send", "--from", "a", "--to", "b", "--subject", "s"]
    wrong, kept, number = [], [], 0
    while True:
        number += 1
        answer = session.run(*send, "--body", f"{number} " + "x" * 3000, "--key", f"k{number}")
        if not answer.ok:
            break
        kept.append(answer.event_id)
    if answer.code != "store_error/full":
        wrong.append(f"a full disk is answered with {answer}")
    if not session.run("list").ok:
        wrong.append("nothing can be read on a full disk")
    os.unlink(ballast)
    again = session.run(*send, "--body", f"{number} " + "x" * 3000, "--key", f"k{number}")
    if not again.ok or again.replayed:
        wrong.append(f"space was freed, and the command still fails: {again}")
    there = [row[0] for row in session.db.connection.execute("SELECT event_id FROM event")]
    if there != [*kept, again.event_id]:
        wrong.append(f"I2 {len(kept)} were answered on a filling disk, {len(there)} are there")
    session.close()
    return wrong + invariants.violations(path)
