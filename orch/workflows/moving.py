"""A repository that is not where it was recorded: said so, never taken for one without work."""

import os

from orch import git
from schema.failures import Failure


def not_there(path: str, run_id: str = "") -> Failure:
    """Return the failure for a repository that is not at its recorded place any more."""
    try:
        here = git.find_repository(os.getcwd())
    except (Failure, OSError):
        here = None
    place = (here.top or here.common_dir) if here is not None else "NEW_PLACE"
    run = f" --run {run_id}" if run_id else ""
    return Failure(
        "not_found",
        "repository",
        f"the repository is not at {git.display(path)} any more: was it moved or renamed?",
        hint=f"say where it is: orch repo moved{run} --repo-path {place}",
        details={"path": git.display(path)},
    )
