"""The wheel is what we think it is, and nobody else owns our import names."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = {"schema", "inbox", "orch", "council"}


def test_the_wheel_holds_four_packages_their_sql_and_two_scripts(tmp_path: Path):
    build = [sys.executable, "-m", "pip", "wheel", str(ROOT), "-w", str(tmp_path), "-q"]
    flags = ["--no-deps", "--no-build-isolation"]
    subprocess.run([*build, *flags], check=True, timeout=120, capture_output=True)
    (wheel,) = tmp_path.glob("orch_inbox-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("orch_inbox-")} == OURS
    scripts = {Path(name).name for name in names if ".data/scripts/" in name}
    assert scripts == {"inbox", "orch"}
    for sql in (path for package in OURS for path in (ROOT / package).rglob("*.sql")):
        assert str(sql.relative_to(ROOT)) in names


def test_no_other_distribution_owns_our_names():
    owners = packages_distributions()
    for name in OURS:
        assert set(owners.get(name, ["orch-inbox"])) == {"orch-inbox"}


def test_every_release_that_the_gate_uses_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    asked += project["build-system"]["requires"]
    pins = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in pins if "==" in line}
    assert {canonicalize_name(Requirement(line).name) for line in asked} <= pinned
