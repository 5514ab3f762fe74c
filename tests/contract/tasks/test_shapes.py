"""`orch schema`: one closed JSON Schema per command, and every real answer fits its own."""

import json
from pathlib import Path

import jsonschema
import pytest

from council.cli.table import COMMANDS as COUNCIL
from orch.cli import shapes
from orch.cli.main import PROGRAM
from tests.support import runs
from tests.support.cli import Answer, Cli
from tests.support.runs import Lead, thread, worktree

SCHEMAS = shapes.schemas()
VALIDATORS = {words: jsonschema.Draft202012Validator(s) for words, s in SCHEMAS.items()}
seen: set[str] = set()
# Whose commands live here; plans, harnesses and the council hold theirs in tests of their own.
ROOMS = {
    "inbox.cli.stores", "orch.cli.stores", "orch.cli.leader_loop", "orch.cli.worktrees.worktrees",
    *(f"orch.cli.tasks.{n}" for n in ("runs", "tasks", "events", "dispatch", "checks")),
}  # fmt: skip


class Checked(Cli):
    """Every JSON answer of a success is held against its schema."""

    @property
    def warm(self) -> Cli:
        return self

    def run(self, *argv: str, **how: object) -> Answer:
        answer = super().run(*argv, **how)
        if answer.status == 0 and "--json" in argv:
            words = next(w for n in (2, 1) if (w := " ".join(_words(argv)[:n])) in PROGRAM.commands)
            VALIDATORS[words].validate(answer.data)
            seen.add(words)
        return answer


def _words(argv: tuple[str, ...]) -> list[str]:
    return [word for word in argv if not word.startswith("-")]


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.orch = Checked(found.top, program="orch", home=tmp_path)
    return found


def test_every_command_has_a_closed_schema() -> None:
    mounted = {command.words for command in COUNCIL}
    assert set(SCHEMAS) == PROGRAM.commands.keys() - mounted
    for words, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        _require_closed(words, schema)


def _require_closed(where: str, schema: object) -> None:
    if isinstance(schema, dict):
        if "properties" in schema:
            assert schema["additionalProperties"] is False, where
        for name, part in schema.items():
            _require_closed(f"{where}.{name}", part)
    elif isinstance(schema, list):
        for part in schema:
            _require_closed(where, part)


def test_a_schema_refuses_what_does_not_fit() -> None:
    for wrong in ({}, {"run": {}}, {"run": None, "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATORS["run show"].validate(wrong)


def test_every_real_answer_fits(lead: Lead) -> None:
    """One life with everything in it; the last lines say that no command was left out."""
    seen.clear()
    do, orch = lead.do, lead.orch
    orch.ok("init")
    lead.run("--ownership", "enforce", run="e")
    lead.config('[check.unit]\ncommand = ["true"]\n')
    (lead.home / "spec").write_text("s")
    lead.task("a", "--required-check", "unit", "--spec-file", str(lead.home / "spec"), "--lock",
              "l", "--acceptance-json", '"text"', "--allowed-path", "x")  # fmt: skip
    lead.task("b", "--depends-on", "a")
    lead.task("c")
    lead.task("d")
    do("task", "edit", "--task", "d", "--not-before", "1h", "--key", "k")
    do("task", "edit", "--task", "d", "--not-before", "1h", "--key", "k")
    do("dep", "add", "--task", "c", "--depends-on", "d")
    do("dep", "rm", "--task", "c", "--depends-on", "d")
    do("dep", "list", "--task", "b")
    do("ready", "--explain")
    do("dispatch", "--task", "a", "--execution-mode", "code", "--dry-run")
    sent = lead.dispatch("a", "--key", "k")
    lead.dispatch("a", "--key", "k")
    do("dispatch", "--ready", "--execution-mode", "code", "--dry-run")
    runs.lapse(lead, sent)
    do("wait", "--for", "task_stale")
    lead.ask(sent)
    do("reconcile")
    do("blocked")
    do("status")
    do("wait")
    do("answer", "--task", "a", "--body", "b")
    old = sent
    sent = do("reassign", "--task", "a", "--to", "w2")
    lead.inbox.run("done", "--agent", "w1", "--thread", thread(old), "--summary", "late")
    lead.claim(sent, "w2")
    lead.commit(sent, "x")
    lead.done(sent, "w2")
    do("reconcile")
    do("verify", "status", "--task", "a")
    do("verify", "record", "--task", "a", "--check", "unit", "--status", "error")
    do("verify", "run", "--task", "a")
    do("task", "show", "--task", "a")
    do("task", "list")
    do("trace", "--task", "a")
    sent = do("dispatch", "--ready", "--execution-mode", "code")["dispatched"][0]
    do("events")
    do("cancel", "--task", "d")
    lead.claim(sent)
    lead.fail(sent)
    do("retry", "--task", "b")
    do("cancel", "--task", "b")
    (worktree(sent) / "left").write_text("x")
    kept = orch.run("--json", "cleanup", "--run", "r", "--all-completed", "--dry-run")
    assert kept.data["kept"]
    do("cleanup", "--all-completed", "--force")
    do("salvage", "list")
    do("salvage", "restore", "--task", "b", "--attempt", "1", "--out", str(lead.home / "out"))
    do("repo", "accept")
    lead.task("late")
    sent = lead.dispatch("late", mode="analysis")
    lead.claim(sent)
    do("cancel", "--task", "late")
    lead.inbox.run("done", "--agent", "w1", "--thread", thread(sent), "--summary", "late")
    do("adopt", "--task", "late")
    do("cancel")
    do("wait", "--for", "run_done")
    do("run", "show")
    orch.ok("run", "list")
    orch.ok("doctor", "--deep")
    orch.ok("schema", "task", "show")
    orch.ok("prime")
    orch.ok("completion", "bash")
    orch.ok("store", "init")
    orch.ok("store", "migrate")
    orch.ok("store", "backup", str(lead.home / "copy"))
    do("run", "close", "--force")
    do("run", "reopen")
    place = lead.top.rename(lead.home / "elsewhere")
    do("repo", "moved", "--repo-path", str(place), cwd=place)
    mine = {words for words, row in PROGRAM.commands.items() if row.target.split(":")[0] in ROOMS}
    assert mine - seen == {"store move"}  # It needs a server: tests/pg/test_store_verbs.py.


def test_schema_prints_one_and_all(lead: Lead) -> None:
    one = lead.orch.ok("schema", "task", "show")
    assert one["schema"] == SCHEMAS["task show"]
    assert json.loads(one["text"]) == one["schema"]
    assert set(lead.orch.ok("schema")["schema"]) >= set(SCHEMAS)
    lead.orch.refuse("not_found", "file", "schema", "task", "eat")


def test_a_wait_without_a_match_carries_data_that_tells_the_end(lead: Lead) -> None:
    words = ("--json", "wait", "--run", "r", "--timeout-seconds", "0.1")
    end = {"woke", "next_event_id", "resume"}
    assert set(lead.orch.run(*words, "--for", "task_done").json["data"]) == end
    told = {"news", "still_waiting", "again"}
    assert set(lead.orch.run(*words).json["data"]) == end | told
