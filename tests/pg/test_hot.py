"""Hot commands: one round trip, and a function that refuses whatever the operation refuses.

What the functions do and answer is compared with the file's byte by byte in test_same_answers.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.cli import claims, hot
from schema import ids
from schema.pg import wire
from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import ENGINES, served
from tests.support.session import Answer, Session

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)
_FUNCTIONS = Path(__file__).parents[2] / "schema" / "pg" / "migrations"

W = ("--agent", "w", "--thread", "t")
X = ("--agent", "x", "--thread", "t")
SEND = ("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread")
SHORT = ("--lease-seconds", "0.001")
KEY = ("--key", "k")

# What a function says: what the operation then answers, `code/reason`, '' for a success.
SAYS = {
    "kept": {"", "key_conflict/other_arguments"},
    "not_found": {"not_found/thread", "not_found/message"},
    "lookalike": {""},
    "long": {""},
    "taken": {""},
    "empty": {"no_matching_work/empty"},
    "terminal": {"invalid_state/terminal"},
    "no_lease": {"invalid_state/no_lease"},
    "bad_token": {"lease_conflict/bad_token"},
    "superseded": {"lease_conflict/superseded", "invalid_state/superseded"},
    "held": {"lease_conflict/held"},
    "flag": {"invalid_input/flag"},
    "owned_by_run": {"invalid_state/owned_by_run"},
    "not_yet": {"invalid_state/not_yet"},
    "already_yours": {"invalid_state/already_yours"},
    "delivery": {"invalid_state/not_ready"},
    "abandoned": {"invalid_state/abandoned", ""},
}
# What a run makes of a thread.
_BEHIND = {
    "owned": "UPDATE orch.thread SET owned_by_run = 1",
    "delivered": "INSERT INTO orch.delivery (thread_no, ref, start_commit) VALUES (1, 'r', 'c')",
}
ELSEWHERE = {"done_before"}  # test_refusals.py: a lost answer.


class Spied(Session):
    """A session that counts its round trips and hears what functions refuse."""

    said: list[str]
    trips = 0

    def tell(self, *argv: str) -> tuple[Answer, list[str]]:
        """Run a command; return its answer and what its function said."""
        self.said, self.trips = [], 0
        return self.run(*argv), self.said


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spied]:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    session = Spied(served(Cli(cwd, home=tmp_path), tmp_path).url)
    run = wire.run

    def _heard(*given: object) -> wire.Rows:
        session.trips += 1
        try:
            return run(*given)
        except wire.Error as error:
            if (error.pgcode or "").startswith("OR0"):
                session.said.append(error.diag.message_primary)
            raise

    monkeypatch.setattr(wire, "run", _heard)
    yield session
    session.close()


def test_each_is_one_round_trip(bus: Spied) -> None:
    tellings = [
        (*SEND, "t"), ("send", "--from", "lead", "--thread", "t", "--body", "more"),
        ("reply", "--from", "lead", "--thread", "t", "--body", "b", "--to-message", "msg_1"),
        ("claim", *W, *KEY), (*SEND, "u"), ("claim", "--agent", "w", "--next"),
        ("fetch", "--agent", "w"), ("fetch", "--pool", "p", "--agent", "w", "--unread"),
        ("renew", *W, "--lease-seconds", "1.5"),
        ("update", *W, "--status", "blocked", "--body", "q", *KEY),
        ("update", *W, "--status", "in_progress", "--payload-json", '{"a": 1.50}'),
        ("done", *W, "--summary", "ok", "--next", *KEY), (*SEND, "v"),
        ("fail", "--agent", "w", "--thread", "u", "--permanent"),
    ]  # fmt: skip
    for argv in tellings:
        answer, said = bus.tell(*argv)
        assert answer.ok and not said, (argv, answer, said)
        assert bus.trips == 1, argv


def _lines() -> dict[str, list[tuple[str, ...]]]:
    """Return for each refusal the commands that lead to it; the last one meets it."""
    sent, held = (*SEND, "t"), ("claim", *W)
    late = ("claim", *W, *SHORT)
    ended = [sent, held, ("done", *W)]
    forged = ("--lease", "e1-" + "0" * 26)
    gone = [sent, late, ("claim", *X)]
    return {
        "kept claim": [sent, ("claim", *W, *KEY), ("claim", *W, *KEY)],
        "kept send": [(*sent, *KEY), (*sent, *KEY)],
        "kept send, another": [(*sent, *KEY), (*SEND, "u", *KEY)],
        "kept next": [sent, (*SEND, "u"), *[("claim", "--agent", "w", "--next", *KEY)] * 2],
        "kept done": [sent, held, ("done", *W, *KEY), ("done", *W, *KEY)],
        "not_found": [("claim", *W)],
        "not_found renew": [("renew", *W)],
        "not_found reply": [("reply", "--from", "w", "--thread", "t", "--body", "b")],
        "not_found message": [
            sent, ("reply", "--from", "w", "--thread", "t", "--body", "b", "--to-message", "msg_9"),
        ],
        "lookalike": [sent, ("claim", "--agent", "W", "--thread", "t")],
        "lookalike send": [sent, ("send", "--from", "LEAD", "--to", "w", "--subject", "s")],
        "empty": [("claim", "--agent", "w", "--next")],
        "empty, later": [(*sent, "--not-before", "1h"), ("claim", "--agent", "w", "--next")],
        "terminal claim": [*ended, ("claim", *W)],
        "terminal done": [*ended, ("done", *W)],
        "terminal update": [*ended, ("update", *W, "--status", "in_progress", "--body", "b")],
        "terminal reply": [*ended, ("reply", "--from", "w", "--thread", "t", "--body", "b")],
        "terminal send": [*ended, ("send", "--from", "w", "--thread", "t", "--body", "b")],
        "no_lease": [sent, ("renew", *W)],
        "no_lease of another": [sent, late, ("done", *X)],
        "superseded": [*gone, ("renew", *W)],
        "superseded done": [*gone, ("done", *W)],
        "superseded late": [sent, held, ("cancel", "--agent", "lead", "--thread", "t"),
                            ("done", *W, "--summary", "kept")],
        "held claim": [sent, held, ("claim", *X)],
        "held done": [sent, held, ("done", *X)],
        "held reply": [sent, held, ("reply", "--from", "x", "--thread", "t", "--body", "b",
                                    "--lease", "TOKEN")],
        "flag new": [sent, (*sent, "--max-claims", "2")],
        "flag nobody": [sent, ("reply", "--from", "y", "--thread", "t", "--body", "b")],
        "flag opening": [("send", "--from", "y", "--thread", "t", "--body", "b")],
        "owned_by_run": ["owned", sent, late, ("claim", *X)],
        "owned_by_run, given back": ["owned", sent, held, ("release", *W), ("claim", *X)],
        "not_yet": [(*sent, "--not-before", "1h"), ("claim", *W)],
        "already_yours": [sent, held, ("claim", *W)],
        "abandoned": [(*sent, "--max-claims", "1"), late, ("claim", *X)],
        "abandoned next": [(*sent, "--max-claims", "1"), late, (*SEND, "u"),
                           ("claim", "--agent", "w", "--next")],
        "delivery": ["delivered", sent, held, ("done", *W)],
        "forged": [sent, held, ("renew", *W, *forged)],
        "long": [sent, *[("reply", "--from", "lead", "--thread", "t", "--body", "b")] * 2, held],
        "taken": [(*SEND[:-1],), (*SEND[:-1],)],
    }  # fmt: skip


@pytest.mark.skipif("server" not in ENGINES, reason="seconds: make test-pg")
@pytest.mark.parametrize("name", _lines())
def test_a_function_refuses_what_the_operation_refuses(
    name: str, bus: Spied, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = _lines()[name]
    reason = name.partition(",")[0].partition(" ")[0]
    if reason == "long":
        monkeypatch.setattr(hot, "_MESSAGES_WITH_CLAIM", 2)
        monkeypatch.setattr(claims, "_MESSAGES_WITH_CLAIM", 2)
    minted = iter(["thr_1", "thr_1", "thr_1", "thr_2"])
    if reason == "taken":
        monkeypatch.setattr(ids, "mint", lambda _: next(minted))
    token = ""
    for line in lines[:-1]:
        if line in _BEHIND:
            continue
        answer = bus.run(*line)
        assert answer.ok, (line, answer)
        token = answer.data.get("lease", {}).get("token") or token
        if lines[0] in _BEHIND and line[0] == "send":
            wire.run(bus.db._server, _BEHIND[lines[0]])
    before = _rows(bus)
    line = [token if word == "TOKEN" else word for word in lines[-1]]
    answer, said = bus.tell(*line)
    if reason == "forged":  # The client itself knows a forged one; nothing is asked.
        assert (said, answer.code) == ([], "lease_conflict/bad_token")
        return
    assert said == [reason], answer
    assert answer.code in SAYS[reason], answer
    if answer.code and reason not in ("abandoned", "superseded"):  # Those two may write.
        assert _rows(bus) == before


def _rows(bus: Spied) -> list[tuple]:
    """Return how much each table holds, and the newest event."""
    text = "SELECT (SELECT last FROM orch.counter WHERE name = 'event'), count(*) FROM orch.{}"
    tables = ("event", "message", "lease", "agent", "idempotency_key", "artifact", "thread")
    return [wire.run(bus.db._server, text.format(table)).fetchall()[0] for table in tables]


def test_a_token_of_a_claim_to_come_is_none(bus: Spied) -> None:
    """An authentic token of an epoch that was never given: of a store that was set back."""
    bus.run(*SEND, "t")
    bus.run("claim", *W)
    token = ids.lease_token(bus.db.secret, "t", 2)
    answer, said = bus.tell("renew", *W, "--lease", token)
    assert (said, answer.code) == (["bad_token"], "lease_conflict/bad_token")


def test_every_refusal_is_compared() -> None:
    text = "".join(p.read_text() for p in sorted(_FUNCTIONS.glob("0015_*.sql")))
    raised = set(re.findall(r"hot_not_v1\('OR\d+', '(\w+)'\)", text)) | {"held", "already_yours"}
    met = {name.partition(",")[0].partition(" ")[0] for name in _lines()} | {"bad_token"}
    assert raised == set(SAYS) | ELSEWHERE
    assert set(SAYS) <= met
