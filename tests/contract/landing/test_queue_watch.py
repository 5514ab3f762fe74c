"""queue run --watch: it stays, whatever comes and goes, and says what keeps it."""

import json
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Running, until
from tests.support.queues import Landing, check


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def open_policy(script: str) -> str:
    """Return an orch.toml that asks nobody and has one check."""
    return check("unit", script) + (
        '[queue]\nchecks = ["unit"]\ntarget = "main"\n[policy]\nlow = []\nmedium = []\nhigh = []\n'
    )


def line_with(watch: Running, words: str) -> str:
    """Return the next line that holds these words."""
    while True:
        line = watch.line()
        if words in line:
            return line


def test_it_tells_what_keeps_it_and_goes_on_by_itself(land: Landing) -> None:
    land.lead.config(open_policy("test ! -e red"))
    land.work("a", {"README": "theirs\n"})
    (land.lead.top / "README").write_text("mine\n")
    with land.orch.start("queue", "run", "--run", "r", "--watch") as watch:
        land.add("a")
        assert "main is checked out" in line_with(watch, "problem: ")
        land.repo.git("checkout", "-q", "--", "README")  # No event tells of that.
        assert line_with(watch, "ent_1 r/a verified") == "ent_1 r/a verified"
        land.repo.commit("red", "x\n")
        land.work("b")
        land.add("b")
        assert "itself fails the checks" in line_with(watch, "problem: ")
        land.repo.git("rm", "-q", "red")
        land.repo.git("commit", "-q", "-m", "mend")
        assert line_with(watch, "ent_2 r/b verified")


def test_it_outlives_another_runner_and_a_broken_configuration(land: Landing) -> None:
    land.lead.config(open_policy("true"))
    land.work("a")
    land.work("b")
    land.work("c")
    land.add("a")
    with land.orch.start("--json", "queue", "run", "--run", "r", "--watch") as watch:
        assert json.loads(line_with(watch, "verified"))["entry_id"] == "ent_1"
        sound = (land.lead.top / "orch.toml").read_text()
        land.lead.config(sound + "rubbish = 1\n")
        land.orch.ok("queue", "hold", "--target", "main")
        assert "orch.toml is refused" in json.loads(watch.line())["problem"]
        land.lead.config(sound)
        land.orch.ok("queue", "release", "--target", "main")
        land.add("b")
        assert json.loads(line_with(watch, "verified"))["entry_id"] == "ent_2"
        others = [land.orch.start("queue", "run", "--run", "r", "--watch") for _ in range(2)]
        land.add("c")
        until(lambda: land.entry("ent_3")["status"] == "verified", "c to land")
        assert watch.process.poll() is None, "a second runner does not end the first"
        for other in others:
            other.kill()
