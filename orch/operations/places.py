"""Places of attempts without a worktree: where they are, and what a brief says of them. Pure.

They lie beside the store, so that they never make a repository dirty: `places/` for what is
looked at, `out/` for what is handed in, both as RUN/TASK/attempt-N.
"""

import os

from orch.model import PlannedPlace

PLACES, OUT = "places", "out"
VARIABLE = "$ORCH_OUT"  # In a brief that is kept: the folder of whichever attempt reads it.
_DATA = "\nBEGIN "  # Behind it a brief quotes what is judged, byte for byte.


def plan(
    folder: str, run_id: str, task_id: str, attempt_no: int, repo_path: str, commit: str = ""
) -> PlannedPlace:
    """Return the place of an attempt; `folder` is the store's."""
    name = f"{run_id}/{task_id}/attempt-{attempt_no}"
    place = os.path.join(folder, PLACES, name)
    return PlannedPlace(place, os.path.join(folder, OUT, name), repo_path, commit)


def located(text: str, place: PlannedPlace) -> str:
    """Return a kept brief for one attempt: the variable becomes its folder, data stays."""
    import shlex

    ours, mark, data = text.partition(_DATA)
    return ours.replace(VARIABLE, shlex.quote(place.out_path)) + mark + data


def words(place: PlannedPlace, *, is_shared: bool = False) -> str:
    """Return what a brief says about where to work; `is_shared`: its machine is not known yet."""
    if is_shared:
        return (
            "Work in the place that orch work makes for you: no change there counts or lands.\n"
            f"Files that you hand in go to {VARIABLE}."
        )
    what = "a copy of the repository" if place.repo_path else "an empty folder"
    return (
        f"Work in {place.place_path}: {what} of your own, in which no change counts or lands.\n"
        f"Files that you hand in go to {place.out_path} ({VARIABLE} under orch work)."
    )
