"""Build the sdist and, from it, the wheel: `python -m tests.release FOLDER` (make release)."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Python 3.11 has it since 3.11.4; Debian 12 is older.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def build(folder: Path) -> tuple[Path, Path]:
    """Return (sdist, wheel) in a folder. Raises: CalledProcessError when one cannot be built."""
    folder.mkdir(parents=True, exist_ok=True)
    _hatchling(ROOT, "sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    unpacked = folder / "unpacked"
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, **SAFELY)
    (source,) = unpacked.iterdir()
    _hatchling(source, "wheel", folder)
    shutil.rmtree(unpacked)
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def _hatchling(source: Path, target: str, folder: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder.resolve())]
    subprocess.run(words, cwd=source, check=True, timeout=300, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for made in build(Path(sys.argv[1])):
        print(made)
