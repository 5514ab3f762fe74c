"""orch.toml at the repository's root: read strictly, and only where it exists.

Unknown keys are refused, all problems at once. Which file counts for a run is decided in
orch/config_in_force.py; what a worker writes in its worktree changes nothing here.
"""

import os

from orch.config import cache
from orch.config.model import Config
from schema import file
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "orch.toml"
MOST_BYTES = 1 << 20
_MEND = "fix it; docs/reference/orch-toml.md lists every key"
_checked_here: set[str] = set()


def load(repo_path: str | None) -> Config:
    """Return what the file in the main checkout of a path (default: here) means.

    For places of which no run knows, and outside of git. Raises: invalid_input naming every
    problem.
    """
    start = os.path.realpath(repo_path or os.getcwd())
    top = file.main_checkout(start)[1] or start
    content = read_file(top)
    if content is None:
        return Config()
    folder = os.path.join(top, file.STORE_FOLDER)
    return meaning(folder, os.path.join(top, NAME), cache.named(content), lambda: content)


def read_file(top: str) -> bytes | None:
    """Return the content of a checkout's file, None where there is none. Raises: invalid_input."""
    path = os.path.join(top, NAME)
    try:
        return file.read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise invalid_input(f"{path} cannot be read: {error.strerror}", reason="file", hint=_MEND)


def meaning(
    folder: str, where: str, name: str, content: "Callable[[], bytes]", *, anew: bool = False
) -> Config:
    """Return what a content means that is known as `name` and stands at `where`.

    `folder` is where meanings are kept; `anew`: what another process kept there is not enough.
    Raises: invalid_input naming every problem.
    """
    found = None
    if not anew or name in _checked_here:
        found = cache.read(folder, name)
    if found is None:
        found = _checked(where, content())
        found.source = name
        cache.keep(folder, name, found)
        _checked_here.add(name)
    return found


def _checked(path: str, content: bytes) -> Config:
    import tomllib

    from pydantic import ValidationError

    from orch.config.schema import OrchToml

    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise invalid_input(f"{path} cannot be read: {error}", reason="file", hint=_MEND)
    try:
        parsed = OrchToml.model_validate(document)
    except ValidationError as error:
        problems = [_problem(found["loc"], found["type"], found["msg"]) for found in error.errors()]
        raise Failure(
            "invalid_input",
            "file",
            f"{path} is refused: " + "; ".join(problems[:5]),
            hint=_MEND,
            details={"problems": problems},
        )
    return parsed.config()


def _problem(place: "tuple[int | str, ...]", kind: str, words: str) -> str:
    """Return what is wrong at a place; of an unknown setting, the nearest ones."""
    name = ".".join(map(str, place))
    if kind == "extra_forbidden" and place[0] == "drive":
        from orch.config.drive_schema import unknown

        return f"drive.{unknown(name.removeprefix('drive.'))}"
    return f"{name}: {words}"
