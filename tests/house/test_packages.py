"""Nobody else owns our import names, and every release that the gate uses is pinned."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = {"schema", "inbox", "orch", "council"}


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
