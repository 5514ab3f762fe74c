"""A council through the real commands: started, answered by its reviewers, tallied.

What reviewers do to get there runs in this process (session.py); the answers of the council's own
commands come from the warm program (warm.py), its waits from console scripts.
"""

import json
import re
from pathlib import Path

from tests.support.cli import Answer, Cli
from tests.support.session import Session

ROLES = ("architecture-reviewer", "implementation-reviewer", "risk-reviewer")
SHORT = {"a": ROLES[0], "i": ROLES[1], "r": ROLES[2]}


def finding(title: str, **fields: object) -> dict:
    """Return a finding as a reviewer writes it."""
    required = {
        "summary": "",
        "proposal": "",
        "rationale": "",
        "confidence": "medium",
        "tags": [],
        "target_refs": {},
    }
    return {"title": title, **required, **fields}


def review(role: str, *findings: dict, **fields: object) -> dict:
    """Return a review as a document."""
    return {"reviewer_role": role, "findings": list(findings), **fields}


def ballot(role: str, **lists: list) -> dict:
    """Return a sheet of votes as a document, its other lists empty."""
    empty: dict[str, list] = {"same": [], "votes": [], "opposed": [], "withdraw": []}
    return {"reviewer_role": role, **empty, **lists}


def ids_by_title(sheet: str) -> dict[str, str]:
    """Return the id of each finding on a sheet by its title."""
    return {title: name for name, title in _ENTRY.findall(sheet)}


_ENTRY = re.compile(r"^BEGIN FINDING (f\d+) [0-9a-f]{8}\n(.*)$", re.MULTILINE)


class Council:
    """One council in a directory; `start` asks, `answer` is one reviewer's whole work."""

    def __init__(self, inbox: Cli, run: str = "C1") -> None:
        self.inbox = inbox
        self.orch = Cli(inbox.cwd, program="orch", home=inbox.cwd.parent).warm
        self.orch.env = inbox.env
        self.run = run
        self.threads: dict[str, str] = {}

    def start(self, *more: str, target: str | None = "Review the lease code") -> dict:
        """Start the council and return the answer's data."""
        words = ("--target", target) if target is not None else ()
        data = self.orch.ok("council", "start", "--run", self.run, *words, *more)
        self.threads = {one["reviewer_role"]: one["thread_id"] for one in data["reviewers"]}
        self.votes: dict[str, str] = {}
        return data

    def claim(self, role: str) -> dict:
        """Claim a reviewer's thread and return the data, brief and all."""
        return self.inbox.ok("claim", "--agent", role, "--thread", self.threads[role])

    def done(self, role: str, body: str | dict, *more: str) -> Answer:
        """Deliver a result whose body is `body`, whatever comes of it."""
        path = Path(self.inbox.cwd, "review.json")
        path.write_text(body if isinstance(body, str) else json.dumps(body))
        words = ("--agent", role, "--thread", self.threads[role], "--body-file", str(path))
        return self.inbox.run("--json", "done", *words, *more)

    def answer(self, role: str, body: str | dict) -> None:
        """Claim and deliver, as a reviewer does in the end."""
        text = body if isinstance(body, str) else json.dumps(body)
        self._work(role, "done", "--body", text)

    def answer_all(self, **findings: list[dict]) -> None:
        """Let the reviewers `a`, `i` and `r` answer with these findings, or with none."""
        for draft, role in SHORT.items():
            self.answer(role, review(role, *findings.get(draft, [])))

    def fail(self, role: str, why: str = "the tree is missing") -> None:
        """Let a reviewer give up."""
        self._work(role, "fail", "--summary", why)

    def round_two(self) -> dict[str, dict[str, str]]:
        """Begin round two; return, for each voter, the id that its sheet gives each title."""
        self.orch.ok("reconcile", "--run", self.run)
        data = self.ok("show")["council"]
        self.votes = {one["reviewer_role"]: one["thread_id"] for one in data["voters"]}
        return {role: ids_by_title(self.sheet(role)) for role in self.votes}

    def sheet(self, role: str) -> str:
        """Return the brief of one voter."""
        return self.inbox.ok("show", "--thread", self.votes[role])["messages"][0]["body"]

    def vote(self, role: str, body: str | dict, *more: str) -> Answer:
        """Claim and deliver a sheet as it is, whatever comes of it."""
        me = ("--agent", role, "--thread", self.votes[role])
        self.inbox.ok("claim", *me)
        path = Path(self.inbox.cwd, "votes.json")
        path.write_text(body if isinstance(body, str) else json.dumps(body))
        return self.inbox.run("--json", "done", *me, "--body-file", str(path), *more)

    def _work(self, role: str, verb: str, *words: str) -> None:
        me = ("--agent", role, "--thread", self.threads[role])
        session = Session(self.inbox.where)
        try:
            assert session.run("claim", *me).data["thread"]["status"] == "claimed"
            assert session.run(verb, *me, *words).ok
        finally:
            session.close()

    def ok(self, verb: str, *more: str) -> dict:
        """Run a council command on this council, require success, return `data`."""
        return self.orch.ok("council", verb, "--run", self.run, *more)

    def refuse(self, code: str, reason: str, verb: str, *more: str) -> dict:
        """Run a council command on this council, require this failure, return `error`."""
        return self.orch.refuse(code, reason, "council", verb, "--run", self.run, *more)

    def events(self) -> list[dict]:
        """Return the council's own events."""
        found = self.orch.ok("events", "--run", self.run)["events"]
        return [event for event in found if event["event_type"].startswith("council_")]
