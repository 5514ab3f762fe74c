"""Facts of a change, as far as risk is concerned; read from git's own words. Pure.

Guarantees: the text of a suspected secret is never kept, only where it stands. A patch that was
cut counts as larger than any limit.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from orch import paths
from orch.git import unified_diff
from orch.harness.redaction import holds_secret

# Files by which a project says what it depends on, and what decides how it is built and tested.
_DEPENDENCIES = (
    *("**/package.json", "**/package-lock.json", "**/yarn.lock", "**/pnpm-lock.yaml"),
    *("**/requirements*.txt", "**/pyproject.toml", "**/setup.py", "**/setup.cfg", "**/poetry.lock"),
    *("**/uv.lock", "**/Pipfile", "**/Pipfile.lock", "**/Cargo.toml", "**/Cargo.lock"),
    *("**/go.mod", "**/go.sum", "**/Gemfile", "**/Gemfile.lock", "**/pom.xml", "**/build.gradle*"),
    *("**/composer.json", "**/composer.lock", "**/mix.exs", "**/mix.lock", "**/*.csproj"),
)
_CI = (
    *(".github/**", ".gitlab-ci.yml", ".gitlab/**", ".circleci/**", ".buildkite/**", ".ci/**"),
    *("**/Jenkinsfile", "azure-pipelines.yml", ".travis.yml", "**/Makefile", "**/Dockerfile"),
    *(".pre-commit-config.yaml", "**/tox.ini", "**/noxfile.py", "orch.toml", "**/.gitattributes"),
    *("**/.gitmodules",),
)
_GITLINK, _SYMLINK = "160000", "120000"
_SECRETS_SHOWN = 20
UNBOUNDED = 1 << 31


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known of a change: counts, and the paths that make it risky."""

    files: int = 0
    lines: int = 0
    deleted: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    ci: tuple[str, ...] = ()
    gitlinks: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    paths: tuple[str, ...] = field(default=(), repr=False)

    def document(self) -> dict[str, object]:
        """Return it as it is kept with an entry; its paths are kept there already."""
        found: dict[str, object] = asdict(self)
        del found["paths"]
        return found


def read(
    changes: Iterable[tuple[str, str, str, str]],
    patch: str,
    *,
    cut: bool = False,
    scope: Iterable[str] = (),
) -> RiskFacts:
    """Return the facts of a change.

    `changes` are (path, status, old mode, new mode) as `git.changed_paths` tells them; `patch`
    is the text between the same commits, `cut` when it was longer than what was read; `scope`
    are paths that the task does not own.
    """
    rows = sorted(changes)
    names = tuple(row[0] for row in rows)
    lines, secrets = _patch(patch)
    return RiskFacts(
        files=len(rows),
        lines=UNBOUNDED if cut else lines,
        deleted=tuple(path for path, status, _, _ in rows if status == "D"),
        dependencies=_named(names, _DEPENDENCIES),
        ci=_named(names, _CI),
        gitlinks=tuple(p for p, _, old, new in rows if _GITLINK in (old, new)),
        modes=tuple(p for p, status, old, new in rows if _is_mode_change(status, old, new)),
        secrets=secrets,
        scope=tuple(scope),
        paths=names,
    )


def from_document(document: dict[str, object], names: Iterable[str]) -> RiskFacts:
    """Return the facts that `document` was made of."""
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document.items()
        if name in RiskFacts.__dataclass_fields__
    }
    return RiskFacts(**values, paths=tuple(names))  # type: ignore[arg-type]


def _named(names: tuple[str, ...], globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if any(paths.fits(name, glob) for glob in globs))


def _is_mode_change(status: str, old: str, new: str) -> bool:
    """Say whether a file became a link or a program, or is added as a link."""
    return _SYMLINK in (old, new) or (status not in ("A", "D") and old != new)


def _patch(patch: str) -> tuple[int, tuple[str, ...]]:
    """Return (changed lines, where added lines look like secrets, as path:line).

    A hunk's head says how long the hunk is: a line of a file that looks like a head is none.
    """
    count, at, path = 0, 0, ""
    hunk: unified_diff.Hunk | None = None
    found: list[str] = []
    for line in patch.split("\n"):
        if hunk is None or not hunk.is_open:
            if line.startswith("+++ "):
                path = line[4:].removeprefix("b/").rstrip("\t")
            elif hunk := unified_diff.hunk(line):
                at = hunk.new_start
            continue
        mark = hunk.take(line)
        count += mark in "+-"
        if mark == "+" and len(found) < _SECRETS_SHOWN and holds_secret(line[1:]):
            found.append(f"{path}:{at}")
        at += mark in "+ "
    return count, tuple(found)
