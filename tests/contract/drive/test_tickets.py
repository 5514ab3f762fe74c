"""Ticket files: found by globs, taken when they stand still, each content once (I24)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch.drive import ticket_files
from orch.drive.tickets import TicketWatch
from orch.store import tickets as rows
from schema.failures import Failure
from schema.transaction import Database
from tests.support import runs
from tests.support.engines import shell
from tests.support.runs import Lead

ROOT = Path(__file__).parents[3]


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def db(lead: Lead) -> Iterator[Database]:
    found = lead.inbox.open()
    yield found
    found.close()


def watch(lead: Lead, *globs: str) -> TicketWatch:
    return TicketWatch("r", str(lead.top), globs or ("tickets/*.yaml",))


def write(lead: Lead, name: str, text: str) -> Path:
    path = lead.top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tasks(lead: Lead) -> dict[str, dict]:
    return {t["task_id"]: t for t in lead.do("task", "list")["tasks"]}


def told(found: TicketWatch, db: Database) -> list[str]:
    with db.read() as tx:
        return [need.text for need in found.needs(tx)]


def test_a_file_counts_when_two_looks_see_the_same(lead: Lead, db: Database) -> None:
    seen = watch(lead)
    assert (seen.look(db).applied, seen.look(db).nap) == ([], None)
    write(lead, "tickets/a.yaml", "id: a\n")
    first = seen.look(db)
    assert (first.applied, first.nap) == ([], 0.5)
    write(lead, "tickets/a.yaml", "id: a\ntitle: whole\n")
    assert seen.look(db).applied == [], "it changed meanwhile"
    second = seen.look(db)
    assert (second.applied, second.nap) == (["a"], None)
    assert seen.look(db).applied == []
    assert tasks(lead)["a"]["title"] == "whole"


def test_a_content_is_applied_once_and_a_change_is_a_plans(lead: Lead, db: Database) -> None:
    path = write(lead, "tickets/a.yaml", "id: a\n")
    first = watch(lead)
    first.look(db)
    assert first.look(db).applied == ["a"]
    lead.do("task", "edit", "--task", "a", "--title", "by hand")
    other = watch(lead)  # Another driver, or this one started again.
    other.look(db)
    assert other.look(db).applied == []
    assert tasks(lead)["a"]["title"] == "by hand", "what is known is not applied again"
    path.write_text("id: a\npriority: high\n")
    other.look(db)
    assert other.look(db).applied == ["a"]
    assert (tasks(lead)["a"]["title"], tasks(lead)["a"]["priority"]) == ("a", "high")
    path.unlink()
    other.look(db)
    assert other.look(db).applied == [] and "a" in tasks(lead)


def test_all_that_stand_still_are_one_plan(lead: Lead, db: Database) -> None:
    write(lead, "tickets/b.yaml", "id: b\ndepends_on: [a]\n---\nid: c\ndepends_on: [b]\n")
    write(lead, "tickets/deep/a.json", '{"id": "a"}')
    seen = watch(lead, "tickets")
    seen.look(db)
    assert sorted(seen.look(db).applied) == ["a", "b", "c"]
    assert [t["status"] for t in tasks(lead).values()] == ["ready", "planned", "planned"]


def test_what_is_refused_hinders_nothing_else(lead: Lead, db: Database) -> None:
    write(lead, "tickets/bad.yaml", "id: x\nsize: 3\n")
    write(lead, "tickets/cut.yaml", "id: [\n")
    write(lead, "tickets/good.yaml", "id: a\n")
    write(lead, "tickets/huge.yaml", "# " + "x" * (1 << 20) + "\nid: h\n")
    write(lead, "tickets/twice.yaml", "id: a\ntitle: other\n")
    write(lead, "tickets/ring.yaml", "[{id: p, depends_on: [q]}, {id: q, depends_on: [p]}]\n")
    seen = watch(lead)
    seen.look(db)
    assert seen.look(db).applied == ["a"]
    words = told(seen, db)
    assert len(words) == 5 and list(tasks(lead)) == ["a"]
    assert "tickets/bad.yaml is refused: line 2: size: unknown field" in words[0]
    assert "larger than 1024 KiB" in words[2] and "forever" in words[3]
    assert "a is in tickets/good.yaml already" in words[4]
    seen.look(db)
    assert told(seen, db) == words, "told once per content"
    with db.read() as tx:
        step = seen.needs(tx)[0].step
    path = str(lead.top / "tickets/bad.yaml")
    assert step.argv == ("orch", "plan", "check", path, "--run", "r")
    assert lead.orch.quick(*step.argv[1:]).status == 30
    write(lead, "tickets/bad.yaml", "id: x\n")
    (lead.top / "tickets/twice.yaml").unlink()
    seen.look(db)
    assert seen.look(db).applied == ["x"]
    assert len(told(seen, db)) == 3, "what is gone or mended is no need"


def test_a_dependency_that_is_not_there_is_waited_for(lead: Lead, db: Database) -> None:
    write(lead, "tickets/b.yaml", "id: b\ndepends_on: [a]\n")
    write(lead, "tickets/c.yaml", "id: c\ndepends_on: [b]\n")
    seen = watch(lead)
    seen.look(db)
    assert seen.look(db).applied == [] and told(seen, db) == []
    shell(lead.orch, "UPDATE ticket SET created_at = created_at - 60000")
    assert told(seen, db) == [
        "tickets/b.yaml waits: there is no task a yet",
        "tickets/c.yaml waits: there is no task b yet",
    ]
    lead.task("a")  # By hand, or by another file.
    assert sorted(seen.look(db).applied) == ["b", "c"]
    assert told(seen, db) == []


def test_what_is_no_ticket_is_left_alone(lead: Lead, db: Database) -> None:
    for name in (".a.yaml", "a.yaml~", "a.yaml.tmp", ".hidden/a.yaml", "notes.md"):
        write(lead, f"tickets/{name}", "id: a\n")
    write(lead, "elsewhere.yaml", "id: e\n")
    (lead.top / "tickets" / "link.yaml").symlink_to(lead.top / "elsewhere.yaml")
    (lead.top / "tickets" / "folder").symlink_to(lead.top)
    os.mkfifo(lead.top / "tickets" / "pipe.yaml")
    seen = watch(lead, "tickets/**")
    seen.look(db)
    assert seen.look(db).applied == [] and told(seen, db) == []
    for glob in ("/etc/*.yaml", "../*.yaml", ""):
        with pytest.raises(Failure):
            watch(lead, glob)


def test_a_closed_run_takes_nothing(lead: Lead, db: Database) -> None:
    write(lead, "tickets/a.yaml", "id: a\n")
    lead.do("run", "close")
    seen = watch(lead)
    seen.look(db)
    assert seen.look(db).applied == []
    lead.do("run", "reopen")
    assert seen.look(db).applied == ["a"]


def test_tickets_make_no_repository_dirty(lead: Lead, db: Database) -> None:
    write(lead, "tickets/a.yaml", "id: a\n")
    write(lead, "other.yaml", "id: o\n")
    seen = watch(lead)
    seen.look(db)
    seen.look(db)
    error = lead.refuse("invalid_state", "dirty", "dispatch", "--task", "a", "--to", "w1",
                        "--execution-mode", "code")  # fmt: skip
    assert error["details"]["files"] == ["other.yaml"]
    (lead.top / "other.yaml").unlink()
    lead.dispatch("a", "--to", "w1")
    lead.config('[drive]\ntickets = ["soon/*.yaml"]\n')
    write(lead, "soon/b.yaml", "id: b\n")
    lead.task("c")
    lead.dispatch("c")


def test_a_specification_comes_from_below_the_tickets_folder(lead: Lead, db: Database) -> None:
    write(lead, "tickets/a.yaml", "id: a\nspec_file: a.md\n")
    write(lead, "tickets/b.yaml", "id: b\nspec_file: ../secret.md\n")
    write(lead, "tickets/a.md", "exactly\n")
    seen = watch(lead)
    seen.look(db)
    assert seen.look(db).applied == ["a"]
    assert tasks(lead)["a"]["spec"]["content"] == "exactly\n"
    assert "must be a relative path" in told(seen, db)[0]


def test_a_look_at_ten_thousand_files_is_quick(tmp_path: Path) -> None:
    folder = tmp_path / "tickets"
    folder.mkdir()
    for n in range(10_000):
        os.close(os.open(folder / f"t{n}.yaml", os.O_CREAT))
    ticket_files.scan(str(tmp_path), ("tickets/*.yaml",))
    best = 1.0
    for _ in range(5):
        before = time.process_time()
        assert len(ticket_files.scan(str(tmp_path), ("tickets/*.yaml",))) == 10_000
        best = min(best, time.process_time() - before)
    assert best < 0.05


@pytest.mark.parametrize("point", ["drive.ticket_read", "drive.ticket_applied"])
def test_a_killed_look_is_done_once_by_the_next(lead: Lead, db: Database, point: str) -> None:
    write(lead, "tickets/a.yaml", "id: a\n")
    words = (
        "from orch.drive.tickets import TicketWatch; from schema import open as stores; import sys;"
        "db = stores.open_store(sys.argv[1]);"
        "w = TicketWatch('r', sys.argv[2], ('tickets/*.yaml',)); w.look(db); w.look(db)"
    )
    env = lead.orch.env | {"ORCH_CRASH_AT": point}
    argv = [sys.executable, "-c", words, lead.orch.where, str(lead.top)]
    assert subprocess.run(argv, env=env, cwd=ROOT).returncode == -9
    seen = watch(lead)
    seen.look(db)
    assert seen.look(db).applied == (["a"] if point == "drive.ticket_read" else [])
    assert len(lead.events("task_added")) == 1 and lead.doctor() == []


def test_two_drivers_apply_a_content_once(lead: Lead, db: Database) -> None:
    write(lead, "tickets/a.yaml", "id: a\n")
    one, two = watch(lead), watch(lead)
    for each in (one, two):
        each.look(db)
    assert (one.look(db).applied, two.look(db).applied) == (["a"], [])
    with db.read() as tx:
        (row,) = rows.of_run(tx, "r")
    assert (row.path, row.state) == ("tickets/a.yaml", "applied")
    assert len(lead.events("task_added")) == 1
