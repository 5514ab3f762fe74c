"""--key: each mutation, run again, gives the stored answer; other arguments are a conflict."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def ready(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    lead.task("b")


def blocked(lead: Lead) -> None:
    ready(lead)
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    lead.ask(sent)


def failed(lead: Lead) -> None:
    blocked(lead)
    sent = {"thread": {"thread_id": lead.attempts("a")[0]["thread_id"]}}
    lead.fail(sent)


def late(lead: Lead) -> None:
    blocked(lead)
    old = lead.attempts("a")[0]["thread_id"]
    lead.do("reassign", "--task", "a", "--to", "w2")
    lead.inbox.run("done", "--agent", "w1", "--thread", old, "--summary", "late")


def verifying(lead: Lead) -> None:
    lead.config('[check.unit]\ncommand = ["true"]\n')
    blocked(lead)
    lead.done({"thread": {"thread_id": lead.attempts("a")[0]["thread_id"]}})
    lead.do("reconcile")


def dirty(lead: Lead) -> None:
    ready(lead)
    sent = lead.dispatch("a")
    lead.claim(sent)
    (worktree(sent) / "left").write_text("x")
    lead.fail(sent)
    lead.do("reconcile")


def salvaged(lead: Lead) -> None:
    dirty(lead)
    lead.do("cleanup", "--task", "a", "--force")


MUTATIONS: list[tuple[Callable[[Lead], None] | None, tuple[str, ...], tuple[str, ...]]] = [
    (None, ("run", "init", "--goal", "g", "--run", "new"), ("--summary", "s")),
    (None, ("run", "close"), ()),
    (None, ("task", "add", "--task", "n"), ("--title", "t")),
    (ready, ("task", "edit", "--task", "a", "--title", "t"), ("--summary", "s")),
    (ready, ("dep", "add", "--task", "a", "--depends-on", "b"), ()),
    (ready, ("dispatch", "--task", "a", "--execution-mode", "code", "--to", "w"), ("--body", "x")),
    (ready, ("dispatch", "--ready", "--execution-mode", "code", "--to", "w"), ("--limit", "9")),
    (ready, ("reconcile",), ()),
    (blocked, ("answer", "--task", "a", "--body", "b"), ("--payload-json", "{}")),
    (failed, ("retry", "--task", "a"), ("--to", "w9")),
    (blocked, ("reassign", "--task", "a", "--to", "w2"), ("--reason", "x")),
    (blocked, ("cancel", "--task", "a"), ("--reason", "x")),
    (blocked, ("cancel",), ("--reason", "x")),
    (late, ("adopt", "--task", "a"), ("--attempt", "1")),
    (verifying, ("verify", "run", "--task", "a"), ("--jobs", "1")),
    (
        verifying,
        ("verify", "record", "--task", "a", "--check", "unit", "--status", "passed"),
        ("--summary", "s"),
    ),
    (dirty, ("cleanup", "--task", "a", "--force"), ("--attempt", "1")),
    (salvaged, ("salvage", "restore", "--task", "a", "--out", "../out"), ("--attempt", "1")),
    (ready, ("repo", "accept"), ("--repo-path", ".")),
]


@pytest.mark.parametrize(
    ("before", "words", "other"), MUTATIONS, ids=[" ".join(m[1][:2]) for m in MUTATIONS]
)
def test_a_mutation_is_done_once(
    lead: Lead,
    before: Callable[[Lead], None] | None,
    words: tuple[str, ...],
    other: tuple[str, ...],
) -> None:
    if before is not None:
        before(lead)
    run = () if "--run" in words else ("--run", "r")
    first = lead.orch.ok(*words, *run, "--key", "k1")
    events = lead.events()
    refs = lead.repo.refs()
    again = lead.orch.ok(*words, *run, "--key", "k1")
    assert again.pop("replayed") is True
    assert again == first
    assert (lead.events(), lead.repo.refs()) == (events, refs)
    if other:
        lead.orch.refuse("key_conflict", "other_arguments", *words, *other, *run, "--key", "k1")
    text = lead.orch.quick(*words, *run, "--key", "k1")
    assert text.status == 0
    assert lead.doctor() == []


def test_a_replay_answers_after_the_run_was_closed(lead: Lead) -> None:
    first = lead.do("task", "add", "--task", "a", "--key", "k")
    lead.do("run", "close", "--force")
    again = lead.do("task", "add", "--task", "a", "--key", "k")
    assert again == {**first, "replayed": True}


def test_a_key_belongs_to_its_command(lead: Lead) -> None:
    lead.do("task", "add", "--task", "a", "--key", "k")
    lead.do("task", "add", "--task", "b", "--key", "k2")
    lead.do("dep", "add", "--task", "a", "--depends-on", "b", "--key", "k")


def test_a_refusal_is_not_stored(lead: Lead) -> None:
    lead.task("a")
    lead.repo.write("dirt", "x")
    words = ("dispatch", "--task", "a", "--execution-mode", "code", "--key", "k")
    lead.refuse("invalid_state", "dirty", *words)
    (lead.top / "dirt").unlink()
    assert lead.do(*words)["attempt"]["attempt_no"] == 1


def test_a_body_from_a_file_equals_the_same_body_typed(lead: Lead) -> None:
    lead.task("a")
    lead.repo.write("../body", "hi")
    words = ("dispatch", "--task", "a", "--execution-mode", "analysis", "--key", "k")
    lead.do(*words, "--body", "hi")
    assert lead.do(*words, "--body-file", "../body")["replayed"] is True


def test_a_second_dep_rm_with_its_key_is_a_replay(lead: Lead) -> None:
    ready(lead)
    lead.do("dep", "add", "--task", "a", "--depends-on", "b")
    words = ("dep", "rm", "--task", "a", "--depends-on", "b", "--key", "k")
    lead.do(*words)
    assert lead.do(*words)["replayed"] is True
