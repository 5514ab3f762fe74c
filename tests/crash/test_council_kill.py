"""kill -9 at every crash point of a council: the same command again ends as if nothing had been."""

from pathlib import Path

import pytest

from tests.support import crash_points
from tests.support.cli import Cli
from tests.support.councils import Council, finding
from tests.support.repos import Repo

ROOT = Path(__file__).parents[2]
QUEUE = finding("Bound the job queue", severity="high")
COMMIT = ("commit.before", "commit.after")
KILLS = {
    "start": ("council.kept_draft", "council.kept", *COMMIT),
    "tally": ("council.tallied", *COMMIT),
    "report": ("council.kept_draft", "council.kept", *COMMIT, "council.reported"),
}
VOTES = ("council.votes_ready", *COMMIT, "council.votes_asked")
CASES = [(verb, point) for verb, points in KILLS.items() for point in points]


def test_every_crash_point_of_the_package_is_killed_at():
    reached = set(crash_points.reached("council", least=4))
    assert reached == ({point for _, point in CASES} | set(VOTES)) - set(COMMIT)


@pytest.fixture
def council(inbox: Cli, monkeypatch) -> Council:
    """A council over a repository, so that starting it keeps a diff."""
    monkeypatch.setenv("HOME", str(inbox.cwd.parent))
    repo = Repo(inbox.cwd.parent / "repo")
    repo.commit("a.txt", "one\n")
    repo.commit("a.txt", "one\ntwo\n")
    made = Council(inbox)
    made.orch.cwd = repo.path
    made.orch.env = made.orch.env | {"ORCH_DB": inbox.where}
    return made


def drafts(council: Council) -> list[str]:
    """Return the files beside the store that were never whole."""
    found = (council.inbox.store.parent / "artifacts").rglob("*")
    return [path.name for path in found if path.is_file() and "." in path.name.removesuffix(".md")]


@pytest.mark.parametrize(("verb", "point"), CASES)
def test_killed_at_a_point_and_run_again(council, verb, point):
    start = ("start", "--diff", "HEAD~1..HEAD", "--key", "k")
    words = {"start": start, "tally": ("tally",), "report": ("report",)}[verb]
    if verb != "start":
        council.start("--diff", "HEAD~1..HEAD", target=None)
        council.answer_all(a=[QUEUE], i=[QUEUE], r=[QUEUE])
        council.orch.ok("reconcile", "--run", "C1")
    if verb == "report":
        council.ok("tally")
    dying = ("--json", "council", words[0], "--run", "C1", *words[1:])
    killed = council.orch.quick(*dying, env={"ORCH_CRASH_AT": point})
    assert (killed.status, killed.out) == (-9, ""), killed

    again = council.ok(*words)
    once = {"start": ["council_start"], "tally": ["council_tally"], "report": ["council_report"]}
    told = [event["event_type"] for event in council.events()]
    assert [kind for kind in told if kind in once[verb]] == once[verb]
    assert again.get("replayed", False) is (verb == "start" and point == "commit.after")
    if verb == "report":
        (row,) = council.ok("show")["reports"]
        assert Path(again["markdown_path"]).read_bytes().startswith(b"# Council report")
        assert row["sha256"] + ".md" == Path(again["markdown_path"]).name
    doctor = council.inbox.run("--json", "doctor", "--deep").data
    leftovers = next(check for check in doctor["checks"] if check["name"] == "leftovers")
    assert len(drafts(council)) == (point == "council.kept_draft")
    assert (leftovers["status"] == "warning") == bool(drafts(council))
    assert not [check for check in doctor["checks"] if check["status"] == "problem"]


@pytest.mark.parametrize("point", VOTES)
def test_killed_while_round_two_begins(council, point):
    council.start("--diff", "HEAD~1..HEAD", "--rounds", "2", target=None)
    council.answer_all(a=[QUEUE], i=[QUEUE], r=[])
    council.orch.ok("ready", "--run", "C1")  # The news is absorbed; the next COMMIT is round two's.
    dying = ("--json", "reconcile", "--run", "C1")
    killed = council.orch.quick(*dying, env={"ORCH_CRASH_AT": point})
    assert (killed.status, killed.out) == (-9, ""), killed

    asked = council.ok("show")["council"]["voters"]
    assert len(asked) == (3 if point in ("commit.after", "council.votes_asked") else 0)
    council.orch.ok("reconcile", "--run", "C1")
    told = [event["event_type"] for event in council.events()]
    assert told == ["council_start", "council_votes"]
    threads = [one["thread_id"] for one in council.ok("show")["council"]["voters"]]
    assert len(threads) == 3
    attempts = council.orch.ok("status", "--run", "C1")["tasks"]
    assert [Path(t["latest_attempt"]["out_path"]).is_dir() for t in attempts] == [True] * 6
    doctor = council.inbox.run("--json", "doctor", "--deep").data
    assert not [check for check in doctor["checks"] if check["status"] == "problem"]
