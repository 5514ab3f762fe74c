"""A small history replayed through the queue: the target ends as the history did."""

from pathlib import Path

import pytest

from tests.bench import history, replay
from tests.support.cli import SCRIPTS
from tests.support.repos import Repo, hermetic
from tests.torture import runner


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Five topics of one base, the last two on one line; one direct commit among the merges."""
    hermetic(monkeypatch, tmp_path)
    repo = Repo(tmp_path / "work")
    repo.git("config", "user.name", "t")
    repo.git("config", "user.email", "t@t")
    base = repo.commit("list.txt", "one\ntwo\nthree\n")
    for name in ("a", "b", "c"):
        repo.git("switch", "-q", "-c", name, base)
        repo.commit(f"{name}.txt", f"{name}\n")
    for name in ("d", "e"):
        repo.git("switch", "-q", "-c", name, base)
        repo.commit("list.txt", f"one\ntwo by {name}\nthree\n")
    repo.git("switch", "-q", "main")
    for name in ("a", "b"):
        repo.git("merge", "-q", "--no-ff", "--no-edit", name)
    repo.commit("direct.txt", "direct\n")
    for name in ("c", "d"):
        repo.git("merge", "-q", "--no-ff", "--no-edit", name)
    repo.git("merge", "-q", "--no-ff", "--no-edit", "e", ok=False)
    repo.write("list.txt", "one\ntwo by d and e\nthree\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-edit")
    return repo


@pytest.mark.layers
@pytest.mark.skipif(not runner.WHOLE, reason="as much as fifty other tests: make layers")
def test_every_topic_lands_and_the_tree_is_the_historys(repo: Repo) -> None:
    topics = history.read(repo.path, 5)
    assert [topic.head == topic.merge for topic in topics] == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]
    found = replay.replay(repo.path, topics, SCRIPTS)
    assert found["final tree is the history's"] is True, found
    assert (found["landed"], found["not landed"]) == (6, {}), found
    kinds = ("conflicts, given back and resolved", "resolved by hand in the history", "both")
    assert [found[kind] for kind in kinds] == [1, 1, 1], found
    ways = ("landed at once", "landed after a rework", "landed_externally")
    assert [found[way] for way in ways] == [5, 1, 0], found
    assert found["passes decided again alike"] == found["passes recorded"], found
    assert found["passes decided otherwise"] == [], found
    assert 0 < found["check runs"] <= found["trials"], found
    assert found["landed without a passed trial"] == [], found
    assert found["doctor --deep"] == [], found
