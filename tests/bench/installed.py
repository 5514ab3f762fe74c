"""What is measured: a wheel of this checkout, installed with compiled files, and its peers.

`.bench/venv` is made once; the wheel is built and installed again whenever a source file has
changed. Everything measured runs from there, never from the checkout or an editable install.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".bench"
VENV = BENCH / "venv"
PYTHON = str(VENV / "bin" / "python")
INBOX = str(VENV / "bin" / "inbox")
ORCH = str(VENV / "bin" / "orch")
_SOURCES = ("schema", "inbox", "orch", "council", "pyproject.toml")


def environment() -> dict[str, str]:
    """Return the environment of measured processes: nothing of Python's or of ours in it."""
    foreign = ("PYTHON", "ORCH_", "INBOX_")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)}


def prepare() -> None:
    """Make sure that .bench/venv holds this source state and the peers."""
    state = _state()
    mark = BENCH / "installed"
    if mark.exists() and mark.read_text() == state:
        return
    BENCH.mkdir(exist_ok=True)
    print(f"building and installing the wheel into {VENV} …", file=sys.stderr)
    if not VENV.exists():
        _run(sys.executable, "-m", "venv", "--without-pip", str(VENV))
        _pip("install", "--group", f"{ROOT}/pyproject.toml:bench")
    wheels = BENCH / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels))
    (wheel,) = wheels.glob("*.whl")
    _pip("install", str(wheel))
    _pip("install", "--no-deps", "--force-reinstall", str(wheel))
    mark.write_text(state)


def _state() -> str:
    """Return a digest of every source file that goes into the wheel."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _pip(*words: str) -> None:
    _run(sys.executable, "-m", "pip", "--python", PYTHON, "--quiet", *words)


def _run(*argv: str) -> None:
    done = subprocess.run(
        argv, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}")
