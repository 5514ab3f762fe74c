"""Install pinned clients from the npm registry (aider from PyPI) below one directory."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.realclients.clients import CLIENTS, NODE, Client

_SECONDS = 900


def install(prefix: Path, client: Client) -> None:
    """Install a client unless its pinned version is there. Raises: CalledProcessError."""
    if installed(prefix, client.name, client.package) == client.version:
        return
    folder = prefix / client.name
    folder.mkdir(parents=True, exist_ok=True)
    if client.name == "aider":
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=_SECONDS)
        pip = [folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check"]
        wanted = f"{client.package}=={client.version}"
        subprocess.run([*pip, wanted], check=True, timeout=_SECONDS)
        return
    npm(folder, f"{client.package}@{client.version}")


def npm(folder: Path, wanted: str) -> None:
    """Install an npm package into a folder of its own."""
    if shutil.which("npm") is None:
        raise SystemExit("npm is needed to install the clients")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    argv = ["npm", "install", "--prefix", str(folder), *quiet, wanted]
    subprocess.run(argv, check=True, timeout=_SECONDS)


def node(prefix: Path) -> None:
    """Install the node that goes first on the clients' PATH."""
    if installed(prefix, "node", NODE[0]) != NODE[1]:
        (prefix / "node").mkdir(parents=True, exist_ok=True)
        npm(prefix / "node", f"{NODE[0]}@{NODE[1]}")


def installed(prefix: Path, name: str, package: str) -> str:
    """Return the version that is installed, "" for none."""
    if name == "aider":
        found = list((prefix / name).glob("lib/python*/site-packages/aider_chat-*.dist-info"))
        return found[0].name.removeprefix("aider_chat-").removesuffix(".dist-info") if found else ""
    path = prefix / name / "node_modules" / package / "package.json"
    return str(json.loads(path.read_text())["version"]) if path.is_file() else ""


def search_path(prefix: Path, name: str) -> list[str]:
    """Return the folders to put on PATH for a client."""
    if name == "aider":
        return [str(prefix / name / "bin")]
    return [str(prefix / n / "node_modules" / ".bin") for n in (name, "node")]


__all__ = ["CLIENTS", "install", "installed", "node", "npm", "search_path"]
