"""One agent of the bus as the torture layers play it: random verbs, a journal, repeated commands.

Every mutation carries a key, and many a lease token; a command whose answer was lost is run
again, exactly as it was (protocol 4.8). What it believes comes from its journal alone, so a
killed client goes on where it was, as a zombie with an old token if need be.
"""

import random
from collections.abc import Callable

from tests.support.journal import Entry, Journal
from tests.support.session import Answer

POOL = "@pool"
UNEXPECTED_EXITS = (40, 50, 60, 70, 75, 90)
_WORDS = ("straße", "naïve", "日本", "\u202eabc", "'; DROP", "\t\n", "🦆", "a" * 200, "{}", "%s")


class Client:
    """Plays `agent`; `run` is a session's or a process's way to run a command line."""

    def __init__(
        self,
        run: Callable[..., Answer],
        journal: Journal,
        agent: str,
        slot: str,
        rng: random.Random,
        *,
        lease_seconds: float = 0.05,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.run = run
        self.journal = journal
        self.agent = agent
        self.slot = slot
        self.random = rng
        self.lease_seconds = lease_seconds
        self.settle = settle
        self.n = max((e.get("n", 0) for e in journal.entries), default=0)
        self.held: tuple[str, int, str] | None = None  # thread, epoch, token
        self.seen: list[tuple[str, int]] = []  # threads and their newest message, as last told
        for entry in journal.entries[-40:]:
            if "got" in entry:
                self._learn(entry["of"], entry)

    def step(self) -> Answer:
        """Do one thing: first repeat what was never answered."""
        lost = self.journal.unanswered
        if lost is not None:
            return self._attempt(lost, again=True)
        chance = self.random.random()
        if self.held is not None and chance < 0.75:
            return self._work(*self.held)
        if chance < 0.35 or not self.seen:
            return self._send()
        if chance < 0.75:
            return self._claim()
        return self._aside()

    def _command(self, verb: str, argv: list[str], **facts: object) -> Answer:
        self.n += 1
        entry: Entry = {"do": verb, "n": self.n, "agent": self.agent, "argv": argv, **facts}
        if facts.get("keyed", True):
            argv += ["--key", f"{self.slot}-{self.n}"]
        if facts.get("body"):
            argv += ["--body", str(facts["body"])]
        self.journal.add(**entry)
        answer = self._attempt(entry)
        if answer.ok and facts.get("keyed", True) and self.random.random() < 0.1:
            self._repeat(entry, answer)
        return answer

    def _attempt(self, entry: Entry, again: bool = False) -> Answer:
        answer = self.run(entry["do"], *entry["argv"])
        got = {"got": entry["do"], "n": entry["n"], "of": _origin(entry), "exit": answer.exit}
        got |= {"code": answer.code, "event_id": answer.event_id, "replayed": answer.replayed}
        got |= {"again": True} if again else {}
        if answer.ok:
            got |= _facts(answer.data)
        self.journal.add(**got)
        self.settle()
        self._learn(got["of"], got)
        return answer

    def _repeat(self, entry: Entry, first: Answer) -> None:
        """As if the answer had been lost: the same command must give the same change."""
        again = self.run(entry["do"], *entry["argv"])
        superseded = entry["do"] == "claim" and again.code == "lease_conflict/superseded"
        is_away = again.exit == 70  # Counted elsewhere, where no server explains it.
        if (
            not superseded
            and not is_away
            and (not again.replayed or again.event_id != first.event_id)
        ):
            was = f"event {first.event_id}, then {again.exit} {again.code} event {again.event_id}"
            self.journal.add(wrong=f"I6 repeated {entry['do']} of {self.agent}: {was}")

    def _send(self) -> Answer:
        to = self.random.choice([POOL, POOL, "w0", "w1", "w2", "w3"])
        argv = ["--from", self.agent, "--to", to, "--subject", "s"]
        argv += ["--priority", self.random.choice(["low", "normal", "high"])]
        argv += ["--max-claims", self.random.choice(["0", "3"])]
        return self._command("send", argv, body=self._body())

    def _claim(self) -> Answer:
        argv = ["--agent", self.agent, "--lease-seconds", f"{self.lease_seconds:g}"]
        if self.random.random() < 0.3:
            argv += ["--thread", self.random.choice(self.seen)[0]]
        else:
            argv += ["--next", "--pool", "pool"]
        return self._command("claim", argv)

    def _work(self, thread: str, epoch: int, token: str) -> Answer:
        verb = self.random.choice(
            ["update", "update", "renew", "reply", "done", "done", "fail", "release"]
        )
        who = "--from" if verb == "reply" else "--agent"
        argv = [who, self.agent, "--thread", thread, "--lease", token]
        if verb == "reply":
            argv += ["--to", "lead"]
        if verb == "update":
            argv += ["--status", self.random.choice(["in_progress", "blocked"])]
        facts: dict = {"thread": thread, "epoch": epoch}
        if verb in ("update", "reply", "done", "fail"):
            facts["body"] = self._body()
        if verb in ("done", "fail"):
            facts["keyed"] = self.random.random() < 0.5  # The token is a key of its own.
        return self._command(verb, argv, **facts)

    def _aside(self) -> Answer:
        thread, last = self.random.choice(self.seen)
        what = self.random.choice(["ack", "ack", "cancel", "reply", "append", "show"])
        if what == "ack":
            argv = ["--agent", self.agent, "--thread", thread, "--through", f"msg_{last}"]
            return self._command("ack", argv, thread=thread)
        if what == "show":
            argv = ["--agent", self.agent, "--thread", thread, "--mark-read"]
            return self._command("show", argv, thread=thread, keyed=False)
        if what == "cancel":
            argv = ["--agent", self.agent, "--thread", thread]
            return self._command("cancel", argv, thread=thread)
        argv = ["--from", self.agent, "--to", "lead", "--thread", thread]
        verb = "reply" if what == "reply" else "send"
        return self._command(verb, argv, thread=thread, body=self._body())

    def _body(self) -> str:
        words = " ".join(self.random.choices(_WORDS, k=self.random.randint(0, 6)))
        return f"{self.slot}-{self.n + 1} {words}"

    def _learn(self, do: Entry, got: Entry) -> None:
        """Take in an answer: what is held now, and which threads there are."""
        thread = got.get("thread") or do.get("thread")
        if got["exit"] == 0 and do["do"] == "claim":
            self.held = (got["thread"], got["epoch"], got["token"])
        elif (
            self.held is not None
            and thread == self.held[0]
            and (got["exit"] or do["do"] in ("done", "fail", "release", "cancel"))
            and self.random.random() < 0.9  # Else it goes on as if it had not understood.
        ):
            self.held = None
        if got["exit"] == 0 and got.get("thread"):
            self.seen = [*self.seen[-7:], (got["thread"], got.get("last") or 1)]


def _origin(entry: Entry) -> Entry:
    return {name: entry[name] for name in ("do", "agent", "thread") if name in entry}


def _facts(data: dict) -> Entry:
    """Return what a client keeps of a success."""
    facts: Entry = {}
    if "thread" in data:
        facts["thread"] = data["thread"]["thread_id"]
        facts["last"] = data["thread"]["last_event_id"]
    if "token" in (data.get("lease") or {}):
        facts |= {"token": data["lease"]["token"], "epoch": data["lease"]["epoch"]}
    if isinstance(data.get("last_read"), str):
        facts["cursor"] = int(data["last_read"].removeprefix("msg_"))
    return facts
