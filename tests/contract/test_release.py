"""What `make release` builds: the wheel comes of the sdist, and works where nothing else is."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from schema.version import __version__ as VERSION
from tests import release
from tests.torture import runner

ROOT = release.ROOT
_OURS = ("schema", "inbox", "orch", "council")
_OPTIONAL = {"starlette", "uvicorn", "sse-starlette", "githubkit", "mcp", "psycopg2-binary"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return release.build(tmp_path_factory.mktemp("dist"))


def test_the_wheel_of_the_sdist_is_whole(built):
    sdist, wheel = built
    assert (sdist.name, wheel.name) == (
        f"orch_inbox-{VERSION}.tar.gz",
        f"orch_inbox-{VERSION}-py3-none-any.whl",
    )
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"orch_inbox-{VERSION}."
    assert {name.partition("/")[0] for name in names if not name.startswith(info)} == set(_OURS)
    scripts = {Path(name).name for name in names if ".data/scripts/" in name}
    assert scripts == {"inbox", "orch"}
    for package in _OURS:
        listed = subprocess.run(
            ["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=True
        )
        tracked = {name for name in listed.stdout.split() if "/cli/bin/" not in name}
        assert tracked <= names


@pytest.mark.layers
def test_an_installed_wheel_plays_a_session_and_pulls_no_extra(built, tmp_path: Path):
    if not runner.WHOLE:
        pytest.skip("an environment of its own takes 15 seconds: make layers")
    _, wheel = built
    there = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(there)], check=True, timeout=120)
    install = [str(there / "bin" / "python"), "-m", "pip", "install", "-q"]
    pins = ROOT / ".ci" / "constraints.txt"
    subprocess.run([*install, "-c", str(pins), str(wheel)], check=True, timeout=280)
    listed = subprocess.run(
        [str(there / "bin" / "python"), "-m", "pip", "list", "--format", "json"],
        check=True, timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert not _OPTIONAL & {each["name"].lower() for each in json.loads(listed.stdout)}
    repo = tmp_path / "repo"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "INBOX_", "ORCH_"))}
    path = f"{there / 'bin'}{os.pathsep}{os.defpath}"
    environment = clean | {"PATH": path, "HOME": str(tmp_path), "INBOX_AGENT": "w1"}

    def say(line: str) -> str:
        done = subprocess.run(
            line.split(), cwd=repo, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    repo.mkdir()
    say("git init -q -b main")
    say("git -c user.name=a -c user.email=a@b commit -q --allow-empty -m start")
    assert VERSION in say("orch --version")
    say("orch run init --run r --goal g --repo-path .")
    say("orch task add --run r --task a --summary s --default-to w1")
    say("orch dispatch --run r --ready --execution-mode analysis")
    thread = say("inbox claim --next --get data.thread.thread_id").strip()
    say(f"inbox done --thread {thread} --summary done")
    assert json.loads(say("orch task show r/a --json"))["data"]["task"]["status"] == "done"
