"""orch.toml is checked once: what is kept says the same, and is used only for what it is of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orch.config import cache, load
from orch.config.model import Config
from schema.failures import Failure

TEXT = """
[worktree]
copy = ["a.env"]
link = ["data"]
env = { MODE = "t" }
setup = { command = ["true"], timeout = 5 }
[check.unit]
command = ["pytest", "-q"]
timeout = 1.5
env = { CI = "1" }
exclusive = true
[profile]
full = ["unit"]
[plan]
overlap = "warn"
max_files = 7
[queue]
profile = "full"
target = "main"
backoff = 1.5
union = ["CHANGES"]
[policy]
medium = ["reviewer", "human"]
humans = ["ana"]
[[policy.rule]]
name = "db"
paths = ["db/**"]
when = ["secrets"]
min_lines = 3
approve = ["human"]
[harness.mine]
command = ["true"]
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / ".orch").mkdir(mode=0o700)
    (tmp_path / "orch.toml").write_text(TEXT)
    return tmp_path


def meaning(found: Config | None) -> object:
    assert found is not None
    return json.loads(json.dumps(cache._plain(found)))


def kept(top: Path) -> Path:
    return top / ".orch" / "orch-toml.json"


def test_what_is_kept_says_what_was_read(top: Path) -> None:
    read = load.load(str(top))
    assert kept(top).stat().st_mode & 0o777 == 0o600
    again = cache.read(str(top / ".orch"), cache.named(TEXT.encode()))
    assert meaning(again) == meaning(read)
    assert again is not None
    assert again.policy is not None
    assert again.policy.document() == read.policy.document()  # type: ignore[union-attr]
    assert again.checks["unit"].timeout == 1.5
    assert again.queue.checks == ["unit"]
    assert os.listdir(top / ".orch") == [kept(top).name]


def test_a_second_command_checks_nothing_again(top: Path) -> None:
    script = (
        "import sys; from orch.config import load; load.load(sys.argv[1]);"
        "print('pydantic' in sys.modules, 'tomllib' in sys.modules)"
    )
    argv = [sys.executable, "-c", script, str(top)]
    said = [subprocess.run(argv, capture_output=True, text=True, check=True).stdout for _ in "12"]
    assert said == ["True True\n", "False False\n"]


def test_another_content_is_read_anew(top: Path) -> None:
    load.load(str(top))
    (top / "orch.toml").write_text(TEXT.replace("max_files = 7", "max_files = 8"))
    assert load.load(str(top)).plan.max_files == 8


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, "{", "[]", '{"kept": 1}', "null", '{"kept": [["x", {}], 3]}']
)
def test_an_odd_file_is_a_miss(top: Path, text: str) -> None:
    read = load.load(str(top))
    kept(top).write_text(text)
    assert cache.read(str(top / ".orch"), cache.named(TEXT.encode())) is None
    assert meaning(load.load(str(top))) == meaning(read)


def test_a_planted_pipe_stops_nobody(top: Path) -> None:
    os.mkfifo(kept(top))
    assert load.load(str(top)).plan.max_files == 7


def test_a_kept_meaning_that_lacks_something_is_a_miss(top: Path) -> None:
    load.load(str(top))
    document = json.loads(kept(top).read_text())
    del document["kept"][0][1]["queue"]["batch"]
    kept(top).write_text(json.dumps(document))
    assert cache.read(str(top / ".orch"), cache.named(TEXT.encode())) is None


@pytest.mark.parametrize("how", ["open to others", "a link", "missing", "read-only"])
def test_without_a_directory_of_our_own_nothing_is_kept(top: Path, how: str) -> None:
    folder = top / ".orch"
    if how in ("a link", "missing"):
        folder.rmdir()
    if how == "a link":
        (top / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to("elsewhere")
    if how == "open to others":
        folder.chmod(0o770)
    if how == "read-only":
        kept(top).mkdir()  # Also root cannot replace a directory by a file.
    assert load.load(str(top)).plan.max_files == 7
    assert cache.read(str(top / ".orch"), cache.named(TEXT.encode())) is None
    assert not list(top.glob("elsewhere/*"))
    assert how in ("missing", "a link") or [p.name for p in folder.iterdir() if p.is_file()] == []


def test_a_refused_file_is_refused_each_time(top: Path) -> None:
    (top / "orch.toml").write_text("x = 1\n")
    for _ in range(2):
        with pytest.raises(Failure, match="refused"):
            load.load(str(top))
    assert not kept(top).exists()


def test_the_last_few_are_kept_and_a_landing_believes_none_of_another_process(top: Path) -> None:
    folder = str(top / ".orch")
    texts = [TEXT.replace("max_files = 7", f"max_files = {n}") for n in range(10, 16)]
    for text in texts:
        (top / "orch.toml").write_text(text)
        load.load(str(top))
    names = [cache.named(text.encode()) for text in texts]
    assert [cache.read(folder, name) is not None for name in names] == [False] * 2 + [True] * 4
    forged = kept(top).read_text().replace('"max_files": 15', '"max_files": 99')
    kept(top).write_text(forged)
    assert load.load(str(top)).plan.max_files == 99, "who can write here can write the store"
    load._checked_here.clear()
    last = texts[-1].encode()
    anew = load.meaning(folder, "orch.toml", names[-1], lambda: last, anew=True)
    assert anew.plan.max_files == 15
