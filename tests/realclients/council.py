"""Three real clients review one real diff, in two rounds: none overwrites another.

Run: python -m tests.realclients council. Each client has a model of its own that follows a script,
works in the place that its attempt was given, and hands its review and its votes in by file.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.realclients.clients import CLIENTS
from tests.realclients.install import install
from tests.realclients.model import Model
from tests.realclients.proofs import DEADLINE, Place
from tests.support.councils import ballot, finding, ids_by_title, review

SEATS = {
    "architecture-reviewer": "claude",
    "implementation-reviewer": "codex",
    "risk-reviewer": "pi",
}
LOST = finding("renew() loses an update", severity="critical", file="leases.py", line_start=2)
LOCK = finding("Take the lock before the check", file="leases.py", line_start=3, severity="high")
CLOCK = finding("Two clocks are compared", file="clock.py", line_start=1, severity="low")
SAID = dict(zip(SEATS, (LOST, LOCK, CLOCK), strict=True))


def prove(prefix: Path) -> list[str]:
    """Hold the council; return what was not as wanted, in words."""
    places = {}
    try:
        for role, name in SEATS.items():
            install(prefix, CLIENTS[name])
            places[role] = Place(CLIENTS[name], prefix, Model())
        return _hold(places)
    finally:
        for place in places.values():
            place.model.close()


def _hold(places: dict[str, Place]) -> list[str]:
    lead, *others = places.values()
    for name in ("leases.py", "clock.py"):
        (lead.repo / name).write_text("def renew():\n    check()\n    extend()\n")
    lead.run("git", "add", "-A")
    lead.run("git", "commit", "-q", "-m", "renew")
    for place in others:  # One repository and store; a home, a model and settings for each.
        place.repo = lead.repo
    _settings(places)
    started = lead.orch("council", "start", "--run", "c", "--diff", "HEAD~1..HEAD", "--rounds", "2")
    assert len(started["reviewers"]) == len(SEATS)
    _turns(places, {role: review(role, SAID[role], verdict="revise") for role in SEATS}, "review")
    lead.orch("reconcile", "--run", "c")
    voters = lead.orch("council", "show", "--run", "c")["council"]["voters"]
    sheets = {one["reviewer_role"]: _sheet(lead, one["thread_id"]) for one in voters}
    assert len(sheets) == len(SEATS), f"voters: {voters}"
    _turns(places, {role: _vote(role, sheets[role]) for role in SEATS}, "votes")
    tally = lead.orch("council", "tally", "--run", "c")
    groups = [(group["level"], sorted(group["reviewers"])) for group in tally["groups"]]
    pair = ["architecture-reviewer", "implementation-reviewer"]
    wanted = {
        "three reviews, each its own": [r["findings"] for r in tally["reviewers"]] == [1, 1, 1],
        "three sheets": tally["cross"]["sheets"] == len(SEATS),
        "two joined by votes": ("majority", pair) in groups,
        "the third stands alone": ("minority", ["risk-reviewer"]) in groups,
        "the checkout is untouched": not lead.run("git", "status", "--porcelain").strip(),
    }
    return [f"{what}: {groups} {tally['cross']}" for what, good in wanted.items() if not good]


def _settings(places: dict[str, Place]) -> None:
    """Put every client's [harness.NAME] into the one orch.toml, and commit it."""
    lead = next(iter(places.values()))
    text = "\n".join(place.harness_settings() for place in places.values())
    (lead.repo / "orch.toml").write_text(text)
    lead.run("git", "commit", "-q", "-a", "-m", "settings", ok=False)


def _sheet(lead: Place, thread: str) -> dict[str, str]:
    shown = json.loads(lead.run("inbox", "--json", "show", "--thread", thread))["data"]
    return ids_by_title(shown["messages"][0]["body"])


def _vote(role: str, ids: dict[str, str]) -> dict:
    same = [[ids[LOST["title"]], ids[LOCK["title"]]]]
    agree = {"id": ids[CLOCK["title"]], "vote": "agree", "why": "clock.py:1"}
    return ballot(role, same=same, votes=[] if role == "risk-reviewer" else [agree])


def _turns(places: dict[str, Place], documents: dict[str, dict], name: str) -> None:
    """Let all three clients hand their documents in, at the same time."""
    running = []
    for role, place in places.items():
        text = json.dumps(documents[role]).replace("'", "’")
        place.model.play(
            [
                f"printf '%s' '{text}' > $ORCH_OUT/{name}.json",
                f"inbox done --summary {name} --body-file $ORCH_OUT/{name}.json --validate",
            ]
        )
        argv = ["orch", "--json", "work", "--agent", role, "--harness", SEATS[role], "--once"]
        running.append(
            subprocess.Popen(
                argv,
                cwd=place.repo,
                env=place.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    for place, process in zip(places.values(), running, strict=True):
        out, _ = process.communicate(timeout=DEADLINE)
        turn = json.loads(out)["data"]["turns"][-1]
        assert turn["outcome"] == "done", (
            f"{place.client.name}: {turn} {place.model.script.results}"
        )


def main(prefix: Path) -> int:
    """Print what came of it; return 0 when all was as wanted."""
    try:
        wrong = prove(prefix)
    except (AssertionError, KeyError, subprocess.TimeoutExpired) as error:
        wrong = [str(error)[:3000]]
    clients = ", ".join(f"{name} as {role}" for role, name in SEATS.items())
    sys.stdout.write(f"council in two rounds ({clients}): {'; '.join(wrong) or 'yes'}\n")
    return 1 if wrong else 0
