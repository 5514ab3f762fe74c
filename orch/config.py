"""orch.toml at the repository's root: read strictly, and only where it exists.

Unknown keys are refused, all problems at once. Only the main checkout's file counts: what a
worker writes in its worktree changes nothing here.
"""

import os

from orch.config_model import Config
from schema import file
from schema.failures import Failure, invalid_input

NAME = "orch.toml"
_MOST_BYTES = 1 << 20
_MEND = "mend it; docs/reference/orch-toml.md lists every key"


def load(repo_path: str | None) -> Config:
    """Return the configuration of the repository that a path (default: here) lies in.

    Raises: invalid_input naming every problem.
    """
    start = os.path.realpath(repo_path or os.getcwd())
    top = file.main_checkout(start)[1] or start
    path = os.path.join(top, NAME)
    try:
        content = file.read_regular(path, _MOST_BYTES)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise invalid_input(f"{path} cannot be read: {error.strerror}", reason="file", hint=_MEND)
    from orch import config_cache

    known = config_cache.read(top, content)
    if known is None:
        known = _checked(path, content)
        config_cache.keep(top, content, known)
    return known


def _checked(path: str, content: bytes) -> Config:
    import tomllib

    from pydantic import ValidationError

    from orch.config_file import OrchToml

    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise invalid_input(f"{path} cannot be read: {error}", reason="file", hint=_MEND)
    try:
        parsed = OrchToml.model_validate(document)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()
        ]
        raise Failure(
            "invalid_input",
            "file",
            f"{path} is refused: " + "; ".join(problems[:5]),
            hint=_MEND,
            details={"problems": problems},
        )
    return parsed.config()
