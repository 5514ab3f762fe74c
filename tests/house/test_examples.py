"""What stands in examples/ is read by what will read it."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

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
