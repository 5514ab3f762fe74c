"""Change requests as a developer makes them: git's own diffs, their digests, one document."""

import hashlib
import json
from pathlib import Path

from tests.support.repos import Repo


def change(path: str, operation: str, patch: str) -> dict:
    """Return one change of a document with the right digest."""
    digest = hashlib.sha256(patch.encode("utf-8", "surrogatepass")).hexdigest()
    return {"path": path, "operation": operation, "patch": patch, "patch_sha256": digest}


def diff(repo: Repo, path: str, text: str | bytes | None) -> dict:
    """Return the change that makes a file of HEAD hold `text`, None to delete it; git's own diff.

    The checkout is as before afterwards.
    """
    whole = repo.path / path
    there = whole.exists()
    if text is None:
        whole.unlink()
    else:
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(text if isinstance(text, bytes) else text.encode())
    repo.git("add", "-AN", "--", path)
    patch = raw(repo, "diff", "HEAD", "--", path)
    repo.git("reset", "-q", "--hard")
    repo.git("clean", "-fdq")
    return change(path, "delete" if text is None else "update" if there else "add", patch)


def raw(repo: Repo, *words: str) -> str:
    """Return git's output with every byte of it."""
    import subprocess

    done = subprocess.run(["git", *words], cwd=repo.path, capture_output=True, check=True)
    return done.stdout.decode()


def document(task: str, *changes: dict, agent: str = "w1", **more: object) -> dict:
    """Return a change request."""
    return {"task_id": task, "agent": agent, "changes": list(changes), **more}


def write(folder: Path, found: object, name: str = "change.json") -> str:
    """Write a change request beside the repository and return its path."""
    path = folder / name
    path.write_text(found if isinstance(found, str) else json.dumps(found, indent=1))
    return str(path)
