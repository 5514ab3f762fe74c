"""How fast a runner takes what its agent prints: spool, redaction, events, the log."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import stores
from tests.bench.installed import ORCH, environment
from tests.bench.measure import table, verdict

MIB, ROUNDS, GOAL = 128, 3, 40.0
_TEXT = (
    "the file was changed and the test is red because of a token in src/main.py see "
    "https://example.org/x for the error message def main import os print return value"
)
_WORDS = _TEXT.split()
_TOML = f"""\
[harness.events]
like = "claude"
command = []
version = {{ command = ["{sys.executable}", "--version"], minimum = "3.0" }}
root_env = "HOME"
"""


def main() -> None:
    """Print so many MiB of text and of events through `orch work`, as fast as cat can."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        subprocess.run(["git", "init", "-q", folder], check=True, env=environment())
        (place / "orch.toml").write_text(_TOML)
        body = []
        for name, harness, line in (
            ("text", "command", lambda: " ".join(chance.choices(_WORDS, k=14))),
            ("JSON events", "events", lambda: _event(" ".join(chance.choices(_WORDS, k=40)))),
        ):
            piece = place / f"{harness}.out"
            size = _write(piece, line)
            times = MIB * (1 << 20) // size
            best = max(
                times * size / 1e6 / (_seconds(place, harness, [piece] * times) - empty)
                for empty in [_seconds(place, harness, [Path(os.devnull)])]
                for _ in range(ROUNDS)
            )
            body.append([name, f"{best:.0f}", *verdict(best, GOAL, least=True)])
    table(
        f"{MIB} MiB through orch work (the best of {ROUNDS})", ("output", "MB/s", "goal", ""), body
    )


def _event(text: str) -> str:
    message = {"content": [{"type": "text", "text": text}], "usage": {"input_tokens": 12}}
    return json.dumps({"type": "assistant", "session_id": "6f0e8a7e", "message": message})


def _write(path: Path, line: Callable[[], str]) -> int:
    path.write_text("".join(f"{line()}\n" for _ in range(20_000)))
    return path.stat().st_size


def _seconds(place: Path, harness: str, files: list[Path]) -> float:
    """Return how long a whole `orch work` takes whose agent prints the files."""
    db = stores.make(place / ".orch", f"{os.urandom(4).hex()}.db")
    stores.send(db, 1)
    argv = [ORCH, "--json", "--db", db.path, "work", "--agent", stores.WORKER, "--once"]
    argv += ["--harness", harness, "--", "cat", *map(str, files)]
    began = time.perf_counter()
    subprocess.run(argv, cwd=place, env=environment(), check=True, capture_output=True)
    spent = time.perf_counter() - began
    db.close()
    return spent
