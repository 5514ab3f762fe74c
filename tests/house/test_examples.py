"""What stands in examples/ is read by what will read it."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from inbox.cli import parse
from orch.cli.main import PROGRAM as ORCH
from orch.config.schema import OrchToml
from tests.references import example_toml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_orch_toml_is_valid_as_it_stands_and_with_every_key():
    text = example_toml.text()
    few = OrchToml.model_validate(tomllib.loads(text)).config()
    assert list(few.checks) == ["unit"]
    assert few.queue.target == "main"
    every = tomllib.loads(re.sub(r"(?m)^#(?=[a-z\[])", "", text))
    OrchToml.model_validate(every)
    assert set(every) == set(OrchToml.model_json_schema(by_alias=True)["properties"])


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path):
    text = (EXAMPLES / "orch-drive.service").read_text(encoding="utf-8")
    (start,) = re.findall(r"(?m)^ExecStart=/usr/bin/env (orch .*)$", text)
    assert parse.split(ORCH, shlex.split(start)[1:]) is not None
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here: the unit was only read as text")
    unit = tmp_path / "orch-drive@work.service"  # As an instance: a bare template is not checked.
    unit.write_text(text, encoding="utf-8")
    tmp_path.chmod(0o700)
    found = subprocess.run(
        [program, "--user", "verify", str(unit)], capture_output=True, text=True, timeout=60,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")


def test_the_container_file_builds_where_it_can(tmp_path: Path):
    text = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"(?m)^FROM (\S+)$", text)
    (entry,) = re.findall(r"(?m)^ENTRYPOINT (\[.*\])$", text)
    assert entry == '["orch", "work"]'
    assert re.findall(r"(?m)^COPY (\S+)", text) == ["dist/*.whl"]
    here = shutil.which("docker") and all(
        subprocess.run(["docker", *words], capture_output=True, timeout=30).returncode == 0
        for words in (["info"], ["image", "inspect", base])
    )
    if not here:
        pytest.skip(f"no docker with {base} here: the file was only read as text")
    build = ["docker", "build", "--network", "none", "-f", str(EXAMPLES / "Dockerfile"), "--check"]
    subprocess.run([*build, str(tmp_path)], check=True, timeout=120, capture_output=True)
