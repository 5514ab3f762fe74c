"""The orch.toml that a start offers where there is none, written and committed alone.

On a yes, or with --write-config. Only a committed file counts for good: agents could rewrite any
other one.
"""

import os

from orch.cli.start import asking
from orch.config import load
from orch.git import one_file
from orch.setup import first_config
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.cli.start.looks import Readiness


def offer(call: "Call", ready: "Readiness", *, wants: bool) -> "dict[str, object] | None":
    """Return {path, text, written} of the file where none counts, None where one does.

    Raises: invalid_input when it cannot be written.
    """
    repo, settings = ready.repo, ready.settings
    if repo is None or (settings is not None and settings.source):
        return None
    path = os.path.join(repo.top, load.NAME)
    if os.path.lexists(path):
        return None
    found = first_config.find_check(repo.top)
    text = first_config.text_of(found)
    if not wants and found is not None and asking.is_there(call):
        call.note(f"there is no {load.NAME}; this one would fit:")
        for line in text.rstrip("\n").split("\n"):
            asking.show(f"  {line}".rstrip())
        wants = asking.agrees(f"write {path}?")
    if wants and found is not None:
        write(path, text)
        one_file.commit_file(repo, load.NAME, "orch: configuration")
        ready.settings = load.load(repo.top)
    elif found is None:
        ready.warnings.append(
            f"there is no {load.NAME} and no check was found: a person approves everything"
        )
    else:
        ready.warnings.append(
            f"there is no {load.NAME}: no check runs, a person approves everything; "
            "--write-config writes the one that was found"
        )
    return {"path": path, "text": text, "written": wants and found is not None}


def write(path: str, text: str) -> None:
    """Write a new file. Raises: invalid_input/file when it is there or cannot be made."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise invalid_input(f"cannot write {path}: {error.strerror}", reason="file") from error
