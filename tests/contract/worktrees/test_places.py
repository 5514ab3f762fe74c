"""Places of attempts without a worktree: each works alone and sees what it is to see."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from orch.worktrees import places
from tests.support import runs
from tests.support.councils import Council, review
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a")
    return found


def analysis(lead: Lead, task: str = "a", *flags: str) -> dict:
    return lead.dispatch(task, *flags, mode="analysis")["attempt"]


def test_a_place_shows_the_commit_and_changes_in_it_count_for_nothing(lead: Lead) -> None:
    attempt = analysis(lead)
    place, out = Path(attempt["place_path"]), Path(attempt["out_path"])
    assert (place / "README").read_text() == "hello\n"
    assert out.is_dir() and not list(out.iterdir())
    assert (attempt["branch_name"], attempt["worktree_path"]) == ("", "")
    (place / "README").write_text("changed\n")
    (out / "review.json").write_text("{}")
    assert lead.repo.git("status", "--porcelain") == ""
    lead.task("b")
    assert lead.dispatch("b")["attempt"]["base_commit"]


def test_two_attempts_never_share_a_place(lead: Lead) -> None:
    first = lead.dispatch("a", mode="analysis")
    lead.claim(first)
    lead.fail(first)
    lead.do("reconcile")
    second = lead.do("retry", "--task", "a")
    lead.task("b")
    paths = [first["attempt"], second["attempt"], analysis(lead, "b")]
    assert len({p for a in paths for p in (a["place_path"], a["out_path"])}) == 6
    assert second["attempt"]["out_path"] in second["message"]["body"]
    assert first["attempt"]["out_path"] not in second["message"]["body"]


def test_a_place_sees_the_work_that_its_task_depends_on(lead: Lead) -> None:
    lead.task("b", "--depends-on", "a")
    lead.finish("a")
    assert (Path(analysis(lead, "b")["place_path"]) / "a.txt").read_text() == "a\n"


def test_a_base_that_is_named_is_what_a_place_shows(lead: Lead) -> None:
    first = lead.repo.git("rev-parse", "HEAD")
    lead.repo.commit("later", "x\n")
    place = Path(analysis(lead, "a", "--base-ref", first)["place_path"])
    assert (place / "README").exists() and not (place / "later").exists()


@pytest.mark.parametrize("kind", ["none", "unborn", "submodule"])
def test_where_git_has_nothing_to_show_the_place_is_empty(
    lead: Lead, tmp_path: Path, kind: str
) -> None:
    where = tmp_path / "elsewhere"
    where.mkdir()
    if kind == "unborn":
        lead.repo.git("init", "-q", str(where))
    if kind == "submodule":
        where = lead.top
        lead.repo.commit(".gitmodules", '[submodule "s"]\n\tpath = s\n\turl = ./s\n')
        head = lead.repo.git("rev-parse", "HEAD")
        lead.repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},s")
        lead.repo.git("commit", "-qm", "a submodule")
    place = Path(analysis(lead, "a", "--repo-path", str(where))["place_path"])
    assert place.is_dir() and not list(place.iterdir())


def test_cleanup_removes_place_and_output_when_the_attempt_is_over(lead: Lead) -> None:
    sent = lead.dispatch("a", mode="analysis")
    place, out = (Path(sent["attempt"][name]) for name in ("place_path", "out_path"))
    lead.claim(sent)
    error = lead.refuse("no_matching_work", "empty", "cleanup", "--all-completed")
    assert error["message"] == "no worktree to clean up"
    lead.done(sent)
    (place / "locked").mkdir()
    (place / "locked" / "left").write_text("x")
    (place / "locked").chmod(0o500)
    (out / "review.json").write_text("{}")
    dry = lead.do("cleanup", "--all-completed", "--dry-run")
    assert [c["place_path"] for c in dry["cleaned"]] == [str(place)] and place.is_dir()
    cleaned, = lead.do("cleanup", "--all-completed")["cleaned"]  # fmt: skip
    assert (cleaned["place_path"], cleaned["worktree_path"]) == (str(place), "")
    assert not place.exists() and not out.exists()
    assert not (lead.top / ".orch" / "places" / "r").exists()
    assert lead.registered() == [] and lead.doctor() == []
    lead.refuse("no_matching_work", "empty", "cleanup", "--all-completed")


def test_a_link_in_the_way_of_cleanup_is_taken_away_and_not_followed(
    lead: Lead, tmp_path: Path
) -> None:
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    out = Path(sent["attempt"]["out_path"])
    out.rmdir()
    out.symlink_to(tmp_path / "precious")
    lead.do("cleanup", "--task", "a")
    assert (tmp_path / "precious" / "file").read_text() == "x" and not os.path.lexists(out)


def test_doctor_names_a_place_that_is_gone_and_one_that_nobody_knows(lead: Lead) -> None:
    out = Path(analysis(lead)["out_path"])
    (out.parents[2] / "r" / "x" / "attempt-9").mkdir(parents=True)
    found = " ".join(lead.doctor())
    assert "out/r/x/attempt-9 belongs to no attempt" in found
    lead.repo.git("worktree", "remove", "--force", analysis(lead_b(lead), "b")["place_path"])
    assert "places/r/b/attempt-1 of r/b attempt 1 is gone" in " ".join(lead.doctor())


def lead_b(lead: Lead) -> Lead:
    lead.task("b")
    return lead


def test_reviewers_of_one_repository_do_not_meet(lead: Lead) -> None:
    council = Council(lead.inbox)
    council.start()
    for role, thread in council.threads.items():
        shown = council.inbox.ok("show", "--thread", thread)["messages"][0]
        said = shown["payload_json"]
        assert (Path(said["place_path"]) / "README").exists()
        Path(said["out_path"], "review.json").write_text(json.dumps(review(role)))
    for role, thread in council.threads.items():
        council.claim(role)
        shown = council.inbox.ok("show", "--thread", thread)["messages"][0]
        path = f"{shown['payload_json']['out_path']}/review.json"
        words = ("--agent", role, "--thread", thread, "--summary", "REVIEWED", "--body-file", path)
        assert f"--body-file {path} --validate" in shown["body"]
        council.inbox.ok("done", *words, "--validate")
    assert council.ok("tally")["status"] == "complete"
    assert lead.repo.git("status", "--porcelain") == ""


def test_what_is_closed_goes_too_and_no_link_is_followed() -> None:
    """As a user without root's rights: root may read what is closed."""
    with tempfile.TemporaryDirectory() as top:
        Path(top, "precious").write_text("x")
        place = Path(top, "place")
        child = os.fork()
        if child == 0:
            left = True
            try:
                if os.geteuid() == 0:
                    os.chown(top, 65534, 65534)
                    os.setgid(65534)
                    os.setuid(65534)
                (place / "a" / "b").mkdir(parents=True)
                (place / "a" / "link").symlink_to(top)
                (place / "a" / "b").chmod(0)
                (place / "a").chmod(0)
                places.clear(str(place))
                left = os.path.lexists(place)
            finally:
                os._exit(left)
        assert os.waitpid(child, 0)[1] == 0
        assert Path(top, "precious").read_text() == "x"
