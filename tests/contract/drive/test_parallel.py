"""The experiment with several agents, small: every arm ends with the same files."""

from pathlib import Path

import pytest

from tests.bench import history
from tests.bench.parallel import by_hand, coder, driven, place
from tests.bench.parallel.place import Place, Setting
from tests.bench.parallel.topics import Chosen, Line, bound, chained
from tests.support.cli import SCRIPTS
from tests.support.repos import Repo, hermetic
from tests.torture import runner

_RATES = {"crash": 0.2, "no_change": 0.0, "red": 0.3, "question": 0.2}


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chosen:
    """Four topics of one base, two of which change the same line."""
    hermetic(monkeypatch, tmp_path)
    monkeypatch.setattr(place, "PYTHON", str(SCRIPTS / "python"))
    monkeypatch.setattr(driven, "PYTHON", str(SCRIPTS / "python"))
    monkeypatch.setattr(driven, "ORCH", str(SCRIPTS / "orch"))
    repo = Repo(tmp_path / "line")
    base = repo.commit("list.txt", "one\ntwo\nthree\n")
    for name in ("a", "b", "c", "d"):
        repo.git("switch", "-q", "-c", name, base)
        file = "list.txt" if name in "ad" else f"{name}.txt"
        repo.commit(file, f"one\ntwo by {name}\nthree\n")
    repo.git("switch", "-q", "main")
    for name in ("a", "b", "c"):
        repo.git("merge", "-q", "--no-ff", "--no-edit", name)
    repo.git("merge", "-q", "--no-ff", "--no-edit", "d", ok=False)
    repo.write("list.txt", "one\ntwo by a and d\nthree\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-edit")
    line = Line(repo.path, 4)
    return Chosen(line.topics[0].onto, tuple(line.piece(topic) for topic in line.topics))


def _place(tmp_path: Path, chosen: Chosen, name: str) -> Place:
    folder = tmp_path / name
    folder.mkdir()
    return Place(tmp_path / "line", folder, Setting(chosen, 3, 400.0, rates=_RATES))


def test_one_agent_ends_as_the_history_did(tmp_path: Path, chosen: Chosen) -> None:
    alone = by_hand.alone(_place(tmp_path, chosen, "alone"))
    assert (alone.landed, alone.conflicts) == (4, 1)
    assert history.git(tmp_path / "alone" / "repo", "show", "main:list.txt") == (
        "one\ntwo by a and d\nthree"
    )
    facts = {"seed": 3, "rates": _RATES}
    tries = [coder.luck_of(facts, p.name, 1) for p in chosen.pieces]
    assert any(one != "done" for one in tries) and alone.redone > 0
    assert bound(chosen, 4, 0) < bound(chained(chosen, 4), 4, 0) == bound(chosen, 1, 0)


@pytest.mark.layers
@pytest.mark.skipif(not runner.WHOLE, reason="whole runs with several agents: make layers")
def test_several_agents_end_like_one(tmp_path: Path, chosen: Chosen) -> None:
    alone = by_hand.alone(_place(tmp_path, chosen, "alone"))
    apart = by_hand.apart(_place(tmp_path, chosen, "apart"), 2)
    found = driven.driven(_place(tmp_path, chosen, "driven"), 2)
    assert (apart.landed, apart.tree, apart.red) == (4, alone.tree, 0)
    assert (found.landed, found.tree, found.red) == (4, alone.tree, 0)
