"""Layer `points`: every verb killed at every crash point, then run again.

A kill before COMMIT leaves nothing, one after it leaves everything; the same command again
ends as if nothing had happened, and the change is there once. The points are found in the
source, so a new one that nobody kills at is a violation. Unit: passes.
"""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.support import invariants, places
from tests.support.session import Answer, Session
from tests.torture import planted, upgrade, verbs
from tests.torture.report import Budget, Report
from tests.torture.verbs import Template, Verb

_ROOT = Path(__file__).parents[2]
COMMIT_POINTS = ("commit.before", "commit.after")


def run(budget: Budget, report: Report) -> None:
    """Kill every verb at every point, and every workflow of the store's file at its own."""
    known = {*COMMIT_POINTS, *upgrade.POINTS}
    for name in sorted(reached_in_source() - known):
        report.violate(f"nobody kills at the crash point {name}")
    for _ in budget.rounds():
        with places.folder() as where:
            template = Template(where)
            for verb in template.verbs:
                if verb.writes:
                    for point in COMMIT_POINTS:
                        _kill_at(template, verb, point, where, report)
        for point in upgrade.POINTS:
            upgrade.kill_at(point, report)
        _through_the_console(report)
        report.add("passes")


def reached_in_source() -> set[str]:
    """Return the names of all crash points of schema/ and inbox/; `{…}` stands for a number."""
    found = set()
    for package in ("schema", "inbox"):
        for path in (_ROOT / package).rglob("*.py"):
            for name in re.findall(r'points\.reach\(f?"([^"]+)"', path.read_text()):
                found.add(re.sub(r"\{[^}]*\}", "{}", name))
    return found


def _kill_at(template: Template, verb: Verb, point: str, where: str, report: Report) -> None:
    name = f"{verb.name} at {point}"
    sound = places.in_child(lambda: _sound(template, verb, os.path.join(where, "sound")))
    path = template.copy(os.path.join(where, "killed"))
    before = verbs.state_of(path)
    told = _dying(path, verb, point)
    if told is None:
        report.violate(f"{name}: it did not die there")
        return
    after = verbs.state_of(path)
    if told and after == before:
        report.violate(f"I2 {name}: it was acknowledged, and nothing is there")
    wanted = before if point == "commit.before" else tuple(sound)
    if after != wanted and not planted.active():
        report.violate(f"{name}: {after} instead of {wanted}")
    again = places.in_child(lambda: _once_more(path, verb))
    if not (again["fits"] or verb.refusal):
        report.violate(f"I6 {name}: run again it answers {again['answer']}")
    if list(verbs.state_of(path)) != sound:
        report.violate(f"I6 {name}: run again it leaves {verbs.state_of(path)}, not {sound}")
    report.violate(*(f"{name}: {wrong}" for wrong in invariants.violations(path)))
    report.add("kills")


def _sound(template: Template, verb: Verb, where: str) -> list:
    """Return the state after the verb on a machine that stays up."""
    path = template.copy(where)
    session = Session(path)
    answer = session.run(*verb.argv)
    session.settle()
    session.close()
    assert verb.fits(answer), (verb.name, answer)
    return list(verbs.state_of(path))


def _dying(path: str, verb: Verb, point: str) -> bool | None:
    """Run the verb in a child that dies at the point; say whether its answer was out first."""
    reader, writer = os.pipe()

    def _die() -> None:
        session = Session(path)
        upgrade.arm(point)
        session.run(*verb.argv)
        os.write(writer, b"answered")
        session.settle()

    pid = places.fork(_die)
    os.close(writer)
    status = places.reap(pid)
    with os.fdopen(reader, "rb") as pipe:
        told = bool(pipe.read())
    return told if status == -signal.SIGKILL else None


def _once_more(path: str, verb: Verb) -> dict:
    session = Session(path)
    answer: Answer = session.run(*verb.argv)
    session.settle()
    session.close()
    return {"fits": verb.fits(answer), "answer": repr(answer)}


def _through_the_console(report: Report) -> None:
    """The variable that tests and people set, through a real process."""
    with places.folder() as where:
        template = Template(where)
        path = template.copy(os.path.join(where, "console"))
        send = [sys.executable, "-c", "from inbox.cli.main import main; main()", "--db", path]
        send += ["--json", *template.verbs[0].argv]
        for point, wanted in (("commit.before", -9), ("commit.after", -9), ("", 0)):
            env = {**os.environ, "ORCH_CRASH_AT": point}
            done = subprocess.run(send, env=env, capture_output=True, timeout=60, cwd=_ROOT)
            if done.returncode != wanted:
                report.violate(f"console at {point!r}: {done.returncode}, {done.stderr[-300:]!r}")
            report.add("console processes")
        if not json.loads(done.stdout)["data"].get("replayed"):
            report.violate("console: the answer lost at commit.after was not replayed")
