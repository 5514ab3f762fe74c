"""orch.toml at the repository's root: read strictly, and only where it exists.

Unknown keys are refused, all problems at once. Only the main checkout's file counts: what a
worker writes in its worktree changes nothing here.
"""

import os

from schema import file
from schema.failures import Failure, invalid_input

NAME = "orch.toml"
PLAN_RULES = ("overlap", "budget", "acceptance", "checks", "orphans")


class Check:
    """One command whose exit status 0 means passed. `timeout` is in seconds."""

    __slots__ = ("command", "environment", "exclusive", "name", "timeout")

    def __init__(
        self,
        name: str,
        command: list[str],
        timeout: float,
        environment: dict[str, str],
        exclusive: bool,
    ) -> None:
        self.name = name
        self.command = command
        self.timeout = timeout
        self.environment = environment
        self.exclusive = exclusive


class PlanPolicy:
    """What `orch plan lint` asks: a level for each rule, budgets of one task (0: none)."""

    __slots__ = ("default_minutes", "levels", "max_bytes", "max_files", "max_minutes")

    def __init__(self) -> None:
        self.levels = dict.fromkeys(PLAN_RULES, "refuse")
        self.max_files = 100
        self.max_bytes = 1024 * 1024
        self.max_minutes = 480
        self.default_minutes = 30


class Config:
    """What orch.toml says; the defaults where there is none."""

    __slots__ = (
        "checks", "copy", "environment", "harnesses", "link", "plan", "profiles", "setup",
        "setup_timeout", "worktree_root",
    )  # fmt: skip

    def __init__(self) -> None:
        self.worktree_root = ""
        self.copy: list[str] = []
        self.link: list[str] = []
        self.setup: list[str] = []
        self.setup_timeout = 600.0
        self.environment: dict[str, str] = {}
        self.checks: dict[str, Check] = {}
        self.profiles: dict[str, list[str]] = {}
        self.plan = PlanPolicy()
        self.harnesses: dict[str, dict[str, object]] = {}  # As written; orch.harness.table reads.


def load(repo_path: str | None) -> Config:
    """Return the configuration of the repository that a path (default: here) lies in.

    Raises: invalid_input naming every problem.
    """
    start = os.path.realpath(repo_path or os.getcwd())
    path = os.path.join(file.main_checkout(start)[1] or start, NAME)
    if not os.path.exists(path):
        return Config()
    return _read(path)


def _read(path: str) -> Config:
    import tomllib

    from pydantic import ValidationError

    from orch.config_file import OrchToml

    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise invalid_input(f"{path}: {error}", reason="file")
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
            hint="mend it; docs/reference/orch-toml.md lists every key",
            details={"problems": problems},
        )
    return parsed.config()
