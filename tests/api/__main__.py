"""Run schemathesis on a scratch store: `make api`, the long form of tests/contract/web/test_web.py.

No request may come to a server error, nor to an answer that the description does not name.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.day import day
from tests.support.repos import hermetic
from tests.support.web import Web

_PLACE = Path(__file__).resolve().parents[2] / ".torture" / "schemathesis"
_RELEASE = "schemathesis==4.32.5"
_CHECKS = (
    "not_a_server_error", "response_schema_conformance", "status_code_conformance",
    "content_type_conformance",
)  # fmt: skip


def _program() -> Path:
    found = _PLACE / "bin" / "schemathesis"
    if not found.exists():
        venv.create(_PLACE, with_pip=True)
        pip = [str(_PLACE / "bin" / "python"), "-m", "pip", "install", "-q", _RELEASE]
        subprocess.run(pip, check=True)
    return found


def main() -> int:
    """Return the exit status of schemathesis."""
    parser = argparse.ArgumentParser(prog="python -m tests.api", description=__doc__)
    parser.add_argument("--examples", default="50", help="cases for each request (50)")
    chosen = parser.parse_args()
    program = _program()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        home = Path(folder)
        template = Cli(home)
        template.ok("init")
        hermetic(patch, home / "home")
        land = day(home / "home", template.store)
        with Web(land.orch) as web, open(os.devnull, "wb") as nowhere:
            assert web.process.stderr is not None
            drain = subprocess.Popen(["cat"], stdin=web.process.stderr, stdout=nowhere)
            done = subprocess.run(
                [program, "run", f"http://{web.host}/api/v1/openapi.json",
                 "-H", f"Authorization: Bearer {web.token}", "--max-examples", chosen.examples,
                 "--exclude-path-regex", "events$", "--phases", "coverage,fuzzing",
                 "--checks", ",".join(_CHECKS)],
                check=False,
            )  # fmt: skip
            drain.kill()
            drain.wait()
        problems = land.lead.doctor()
    print("\n".join(problems) or "the store is sound")
    return done.returncode or bool(problems)


sys.exit(main())
