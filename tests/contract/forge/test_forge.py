"""Landing by pull request: a real queue, a real remote, and a forge on the loopback."""

import subprocess
from pathlib import Path

import pytest

from tests.support import forge as forges
from tests.support import runs
from tests.support.queues import Landing, check
from tests.support.runs import Lead
from tests.torture import runner

pytestmark = pytest.mark.layers
pytest.importorskip("githubkit", reason="the extra [github] is not installed")

OPEN = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
FORGE = (
    '[forge]\nkind = "github"\nrepository = "acme/shop"\nland = "pull-request"\nlabels = ["orch"]\n'
)
TARGET = ("--target", "main")
whole = pytest.mark.skipif(
    not runner.WHOLE, reason="the library takes a second a command: make layers"
)


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def hub(lead: Lead, tmp_path: Path):
    bare = tmp_path / "hub.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True, timeout=60)
    lead.repo.git("remote", "add", "origin", str(bare))
    server = forges.ForgeServer(bare)
    lead.orch.env |= {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": forges.TOKEN}
    yield server
    server.close()


@pytest.fixture
def land(lead: Lead, hub) -> Landing:
    lead.config(OPEN + FORGE + check("unit", "true"))
    lead.repo.git("push", "-q", "origin", "HEAD:main")
    return Landing(lead)


def propose(land: Landing, task: str = "a") -> str:
    """Take a task to its pull request; return the commit that was pushed."""
    land.work(task)
    land.add(task, flags=TARGET)
    land.run()
    told = land.orch.ok("pr", "status", f"r/{task}")
    assert told["entry"]["status"] == "awaiting_forge", told
    return told["pull_request"]["head_commit"]


def test_what_passed_waits_as_a_pull_request_and_lands_when_it_is_merged(land: Landing, hub):
    commit = propose(land)
    pull = hub.pulls[1]
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("orch-pr/r/a", "main")
    assert hub.git("rev-parse", "orch-pr/r/a") == commit
    assert pull["labels"] == ["orch"]
    assert "Orch-Task: r/a" in pull["body"]
    before = land.repo.git("rev-parse", "main").strip()
    assert before != commit, "nothing has landed here"
    hub.check("ci", "failure", commit)
    hub.check("ci", "success", commit)  # Run again there, on the same commit.
    hub.review("ana", "APPROVED", commit)
    told = land.orch.ok("pr", "status", "r/a")
    assert told["pull_request"]["summary"] == "1 of 1 check passed; 1 approved"
    merged = hub.merge(1)
    told = land.orch.ok("pr", "status", "r/a")
    assert (told["entry"]["status"], told["entry"]["flakes"]) == ("landed_externally", 1)
    assert land.repo.git("rev-parse", "main").strip() == merged, "the target followed the remote"
    assert (land.lead.top / "a.txt").read_text() == "a\n", "so did the checkout"


@whole
@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_person_merges_from_here_what_was_tested(land: Landing, hub, method: str):
    land.lead.config(OPEN + FORGE + f'merge = "{method}"\n')
    land.repo.git("push", "-q", "origin", "main:main")
    propose(land)
    first = land.orch.ok("pr", "merge", "r/a", "--key", "k")
    assert first["entry"]["status"] == "landed_externally", first
    assert first["commit"] == hub.git("rev-parse", "main")
    assert land.orch.ok("pr", "merge", "r/a", "--key", "k")["replayed"]
    assert sum("/merge" in call for call in hub.calls) == 1
    land.orch.refuse("invalid_state", "not_ready", "pr", "merge", "r/a")


@whole
def test_closed_there_is_held_here(land: Landing, hub):
    propose(land)
    hub.close_pull(1, "bo")
    entry = land.orch.ok("pr", "status", "r/a")["entry"]
    assert (entry["status"], entry["reason"]) == ("held", "its pull request was closed by bo")


def test_a_failed_required_check_fails_it_with_the_log_of_its_steps(land: Landing, hub):
    commit = propose(land)
    hub.required = ["ci"]
    hub.check("spelling", "failure", commit)
    assert land.orch.ok("pr", "status", "r/a")["entry"]["status"] == "awaiting_forge"
    hub.check("ci", "failure", commit, job=77)
    hub.jobs[77] = {"id": 77, "steps": [
        {"name": "Build", "conclusion": "success", "started_at": "2026-01-01T10:00:00Z",
         "completed_at": "2026-01-01T10:00:09Z"},
        {"name": "Test", "conclusion": "failure", "started_at": "2026-01-01T10:00:10Z",
         "completed_at": "2026-01-01T10:00:20Z"}]}  # fmt: skip
    lines = ["2026-01-01T10:00:01.5Z compiling"]
    lines += [f"2026-01-01T10:00:1{n % 10}.0Z line {n}" for n in range(150)]
    hub.logs[77] = "\n".join([*lines, f"2026-01-01T10:00:19.0Z token {forges.TOKEN}"])
    listed = land.orch.ok("pr", "checks", "r/a")["checks"]
    assert [(c["name"], c["state"], c["required"]) for c in listed] == [
        ("ci", "failed", True), ("spelling", "failed", False)
    ]  # fmt: skip
    text = land.orch.ok("pr", "logs", "r/a")["text"]
    assert "--- Test" in text
    assert "line 149" in text
    assert "compiling" not in text
    assert "line 3\n" not in text, "the last hundred lines of the step"
    assert forges.TOKEN not in text
    entry = land.orch.ok("pr", "status", "r/a")["entry"]
    assert (entry["status"], entry["failures"]) == ("failed", 1)
    sent = land.orch.ok("queue", "retry", "r/a", "--rework")
    brief = land.lead.inbox.ok("show", "--thread", sent["attempt"]["thread_id"])["messages"][0][
        "body"
    ]
    assert "line 149" in brief
    assert "ci failed on the forge" in brief


def test_what_a_reviewer_asks_for_goes_back_with_their_words_and_once(land: Landing, hub):
    commit = propose(land)
    hub.review("ana", "CHANGES_REQUESTED", commit, "Name it soup.", **{"a.txt": "too short"})
    entry = land.orch.ok("pr", "status", "r/a")["entry"]
    assert (entry["status"], entry["reason"]) == ("failed", "ana asked for changes")
    sent = land.orch.ok("queue", "retry", "r/a", "--rework")
    thread = sent["attempt"]["thread_id"]
    brief = land.lead.inbox.ok("show", "--thread", thread)["messages"][0]["body"]
    assert "ana asked for changes" in brief
    assert "Name it soup." in brief
    assert "a.txt:1: too short" in brief
    sent |= {"thread": {"thread_id": thread}}
    land.lead.claim(sent)
    land.lead.commit(sent, "a.txt", "soup\n")
    land.lead.done(sent)
    land.add("a", flags=TARGET)
    land.run()
    told = land.orch.ok("pr", "status", "r/a")
    assert told["pull_request"]["number"] == 1, "the same pull request"
    assert told["entry"]["status"] == "awaiting_forge", "what was asked of the work before"
    assert "1 ask for changes" in told["pull_request"]["summary"]


def test_a_look_at_what_did_not_change_costs_no_limit_and_trouble_is_a_need(land: Landing, hub):
    commit = propose(land)
    hub.check("ci", "success", commit)
    land.orch.ok("pr", "status", "r/a")
    hub.answered.clear()
    land.orch.ok("pr", "status", "r/a")
    assert len(hub.answered) >= 5, "the pull request, its checks, rules and reviews"
    assert set(hub.answered) == {304}
    hub.check("lint", "", commit)
    told = land.orch.ok("pr", "status", "r/a")["pull_request"]["summary"]
    assert told == "lint running; 1 of 2 checks passed"
    hub.token = "another"
    land.orch.ok("pr", "status", "r/a")
    (need,) = land.orch.ok("top")["needs"]
    assert "the token is not accepted" in need["text"]
    assert (need["kind"], need["command"]) == ("landing", "orch pr status ent_1")
    hub.token = forges.TOKEN
    land.orch.ok("pr", "status", "r/a")
    assert land.orch.ok("top")["needs"] == []


@whole
def test_a_branch_that_was_pushed_over_is_held_and_never_overwritten(land: Landing, hub):
    commit = propose(land)
    other = hub.git("commit-tree", f"{commit}^{{tree}}", "-p", commit, "-m", "theirs")
    hub.git("update-ref", "refs/heads/orch-pr/r/a", other)
    land.orch.ok("pr", "update", "r/a")
    assert hub.git("rev-parse", "orch-pr/r/a") == other
    assert "not ours" in land.entry("r/a")["reason"]


@whole
def test_what_conflicts_there_is_built_and_tested_anew(land: Landing, hub):
    old = propose(land)
    tree = hub.git("rev-parse", "main^{tree}")
    moved = hub.git("commit-tree", tree, "-p", "main", "-m", "others' work")
    hub.git("update-ref", "refs/heads/main", moved)
    hub.mergeable = False
    land.orch.ok("pr", "status", "r/a")
    hub.mergeable = True
    land.run()
    told = land.orch.ok("pr", "status", "r/a")
    assert told["entry"]["status"] == "awaiting_forge"
    assert told["pull_request"]["number"] == 1, "the same pull request"
    assert told["pull_request"]["head_commit"] != old
    assert hub.git("merge-base", "orch-pr/r/a", "main") == moved


@whole
@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ((401, {}, {"message": "Bad credentials"}), "the token is not accepted"),
        ((403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4000000000",
                "retry-after": "3600"}, {"message": "rate limit"}), "rate limit is used up"),
        ((404, {}, {"message": "Not Found"}), "answered 404"),
    ],
    ids=["expired", "limited", "gone"],
)  # fmt: skip
def test_the_forges_trouble_is_an_error_and_no_verdict(land: Landing, hub, trouble, told: str):
    propose(land)
    hub.trouble = [trouble]
    answer = land.orch.ok("pr", "status", "r/a")
    assert told in answer["problems"][0]
    assert forges.TOKEN not in str(answer)
    assert (answer["entry"]["status"], answer["pull_request"]["errors"]) == ("awaiting_forge", 1)
    assert land.orch.ok("pr", "status", "r/a")["pull_request"]["errors"] == 0


@whole
def test_a_remote_that_refuses_the_push_is_told_and_tried_again(land: Landing, hub):
    hook = hub.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    land.work("a")
    land.add("a", flags=TARGET)
    assert "pre-receive hook declined" in str(land.run()["problems"])
    hook.unlink()
    told = land.orch.ok("pr", "update", "r/a")
    assert told["pull_request"]["state"] == "open"


@whole
def test_a_page_of_three_hundred_checks_is_read_whole(land: Landing, hub):
    commit = propose(land)
    for number in range(300):
        hub.check(f"c{number}", "success" if number else "", commit)
    words = land.orch.ok("pr", "status", "r/a")["pull_request"]["summary"]
    assert words == "c0 running; 299 of 300 checks passed"


def test_without_a_forge_or_a_pull_request_it_says_what_to_do(land: Landing, hub):
    land.work("a")
    land.add("a", flags=TARGET)
    land.orch.refuse("invalid_state", "not_ready", "pr", "checks", "r/a")
    land.lead.config(OPEN)
    answer = land.orch.refuse("invalid_state", "unsupported", "pr", "open", "r/a")
    assert "[forge]" in answer["hint"]


@whole
def test_an_issue_becomes_a_request(land: Landing, hub):
    hub.issues[7] = {
        "number": 7, "title": "Dark\nmode", "body": "please", "user": {"login": "eve"},
        "html_url": "http://x/7", "labels": [{"name": "ui"}],
    }  # fmt: skip
    found = land.orch.ok("request", "import", "--issue", "7", "--run", "r")["request"]
    assert (found["title"], found["requester"]) == ("Dark mode", "eve")
    assert "please" in found["body"]
    again = land.orch.ok("request", "import", "--issue", "7", "--run", "r")["request"]
    assert again["request_id"] == found["request_id"] == "issue-7"
    land.orch.refuse("not_found", "request", "request", "import", "--issue", "8", "--run", "r")


@pytest.mark.parametrize("point", ["forge.intended", "forge.pushed", "forge.opened"])
@whole
def test_killed_anywhere_it_is_proposed_once(land: Landing, hub, point: str):
    land.work("a")
    land.add("a", flags=TARGET)
    words = ("--json", "queue", "run", "--run", "r")
    assert land.orch.run(*words, env={"ORCH_CRASH_AT": point}).status == -9
    told = land.orch.ok("pr", "status", "r/a")
    assert (told["entry"]["status"], told["pull_request"]["number"]) == ("awaiting_forge", 1)
    assert len(hub.pulls) == 1
    assert hub.git("rev-parse", "orch-pr/r/a") == told["pull_request"]["head_commit"]
