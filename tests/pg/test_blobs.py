"""Kept bytes on a server: whoever is on another machine has them too."""

from pathlib import Path

import pytest

from schema.pg import blobs
from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import served

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)
SEND = ("send", "--from", "a", "--to", "b", "--subject", "s", "--artifact-copy", "--artifact")


@pytest.fixture
def here(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


@pytest.fixture
def there(here: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "elsewhere").mkdir()
    return here.at(HOME=str(tmp_path / "elsewhere"))


def test_another_machine_has_the_bytes(here: Cli, there: Cli) -> None:
    content = bytes(range(256)) * 300
    (here.cwd / "f").write_bytes(content)
    for _ in range(2):  # Kept once, however often it is named.
        here.ok(*SEND, "f")
    (here.cwd / "f").unlink()
    there.ok("artifact", "get", "art_2", "--out", "copy")
    assert (here.cwd / "copy").read_bytes() == content
    assert there.ok("doctor", "--deep")["healthy"] is True
    rows = servers.shared().execute("SELECT size FROM orch.blob", _name(here))
    assert rows == [(len(content),)]


def test_bytes_that_are_gone_are_told(here: Cli, there: Cli) -> None:
    (here.cwd / "f").write_text("kept")
    here.ok(*SEND, "f")
    servers.shared().execute("DELETE FROM orch.blob", _name(here))
    there.refuse("store_error", "corrupt", "artifact", "get", "art_1", "--out", "copy")
    found = {c["name"]: c for c in there.ok("doctor", "--deep")["checks"]}
    assert "art_1" in found["artifacts"]["detail"]
    here.ok("artifact", "get", "art_1", "--out", "copy")  # This machine still has them.


def test_a_file_that_is_too_large_for_a_server(here: Cli) -> None:
    with open(here.cwd / "f", "wb") as file:
        file.truncate(blobs.MOST_BYTES + 1)
    error = here.refuse("invalid_input", "file", *SEND, "f")
    assert "16 MiB" in error["message"]
    assert here.ok("list")["threads"] == []


def _name(cli: Cli) -> str:
    return cli.url.partition(":///")[2].partition("?")[0]
