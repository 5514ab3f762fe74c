"""Layer `powercut`: every image that a power cut can leave still has all that was acknowledged.

A client works on a recording disk. Its log is cut at random places, and the writes that
were not synced survive by 512-byte sectors, in any subset. The image is opened by the
product: its log must be a prefix of what was done, no shorter than what was answered. Some
images are worked on, recorded and cut again. Unit: images.
"""

import os
import random
import shutil
from bisect import bisect_right

import apsw

from schema import file, new_store
from schema.failures import Failure
from tests.support import invariants, places
from tests.support.disks import Platter, RecordingDisk, use
from tests.support.journal import Journal
from tests.support.session import Session
from tests.torture import planted
from tests.torture.client import Client
from tests.torture.report import Budget, Report

ALONE = True
_IMAGES_PER_RUN = 250
_STEPS = 120
_SECOND_STEPS = 6
_DEEP_EVERY = 20  # All invariants, not only the file and the prefix.
_AGAIN_EVERY = 5  # A second cut.
_FOLDS = (1_000, 100, 20)  # Pages of WAL until it is folded in.


class Story:
    """What was done on a recording disk: the log, and what had been answered when."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.files = _files(path)
        self.disk = RecordingDisk()
        self.answered: list[tuple[int, tuple[int, ...]]] = [(0, _facts_of(path))]
        self.events: list[tuple] = []

    def live(self, rng: random.Random, steps: int, slot: str) -> None:
        """Run two clients in turn; after each answer remember how much is promised."""
        with use(self.disk, RecordingDisk.NAME):
            sessions = [Session(self.path), Session(self.path)]
            usual, file._FOLD_PAGES = file._FOLD_PAGES, rng.choice(_FOLDS)
            clients = [
                Client(s.run, Journal(), f"w{i}", f"{slot}{i}", rng, settle=s.settle)
                for i, s in enumerate(sessions)
            ]
            for _ in range(steps):
                rng.choice(clients).step()
                now = sessions[0].db.connection.execute(_FACTS).fetchall()[0]
                self.answered.append((len(self.disk.log), now))
            self.events = sessions[0].db.connection.execute(_EVENTS).fetchall()
            for session in sessions:
                session.close()
            file._FOLD_PAGES = usual

    def promised(self, cut: int) -> tuple[int, ...]:
        """Return (events, cursor positions, keys) answered before operation `cut`."""
        return self.answered[bisect_right([at for at, _ in self.answered], cut) - 1][1]


_FACTS = """
SELECT (SELECT count(*) FROM event), (SELECT coalesce(sum(last_read), 0) FROM cursor),
       (SELECT count(*) FROM idempotency_key)
"""
_EVENTS = "SELECT event_id, tx_id, event_type, payload FROM event ORDER BY event_id"


def run(budget: Budget, report: Report) -> None:
    """Cut until the budget is spent."""
    for first in budget.rounds(_IMAGES_PER_RUN):
        with places.folder() as where:
            path = os.path.join(where, "work", places.STORE)
            new_store.create(path)
            planted.prepare(path)
            for name in (path + "-shm", path + ".lock"):
                if os.path.exists(name):
                    os.unlink(name)
            story = Story(path)
            story.live(report.random, _STEPS, "a")
            report.add("recorded operations", len(story.disk.log))
            images = min(_IMAGES_PER_RUN, budget.count - first)
            _cut(story, images, os.path.join(where, "image"), report)


def _cut(story: Story, images: int, where: str, report: Report) -> None:
    platter = Platter(story.files)
    played = 0
    for cut in sorted(report.random.randint(0, len(story.disk.log)) for _ in range(images)):
        while played < cut:
            platter.play(story.disk.log[played])
            played += 1
        path = _write(platter.image(report.random), where)
        _check(path, story, cut, report)
        if report.random.randrange(_AGAIN_EVERY) == 0:
            _second_cut(path, where, report)


def _second_cut(path: str, where: str, report: Report) -> None:
    """Cut the power again while the store recovers or works on."""
    again = Story(path)
    again.live(report.random, _SECOND_STEPS, f"b{report.random.getrandbits(40)}-")
    cut = report.random.randint(0, len(again.disk.log))
    platter = Platter(again.files)
    for operation in again.disk.log[:cut]:
        platter.play(operation)
    _check(_write(platter.image(report.random), where), again, cut, report)
    report.add("of them second cuts")


def _check(path: str, story: Story, cut: int, report: Report) -> None:
    report.add("images")
    where = f"cut at operation {cut} of {len(story.disk.log)}"
    promised = story.promised(cut)
    try:
        session = Session(path)
    except Failure as failure:
        report.violate(f"I1 {where}: {failure.code}/{failure.reason} {failure.message}")
        return
    connection = session.db.connection
    sound = connection.pragma("integrity_check")
    events = connection.execute(_EVENTS).fetchall()
    facts = connection.execute(_FACTS).fetchall()[0]
    session.close()
    if sound != "ok":
        report.violate(f"I1 {where}: {sound}")
    if events != story.events[: len(events)]:
        report.violate(f"I8 {where}: the log is no prefix of what was done")
    if any(have < want for have, want in zip(facts, promised, strict=True)):
        report.violate(f"I2 {where}: lost: {promised} were acknowledged, {facts} are there")
    if report.random.randrange(_DEEP_EVERY) == 0:
        report.violate(*(f"{where}: {wrong}" for wrong in invariants.violations(path)))
        report.add("of them checked against all invariants")


def _files(path: str) -> dict[str, bytes]:
    found = {}
    for name in (path, path + "-wal"):
        if os.path.exists(name):
            with open(name, "rb") as content:
                found[name] = content.read()
    return found


def _facts_of(path: str) -> tuple[int, ...]:
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    found = connection.execute(_FACTS).fetchall()[0]
    connection.close()
    return found


def _write(files: dict[str, bytes], where: str) -> str:
    """Lay an image out as the folder of a machine that has just booted."""
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where, 0o700)
    for name, content in files.items():
        place = os.path.join(where, os.path.basename(name))
        fd = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, content)
        os.close(fd)
    return os.path.join(where, places.STORE)
