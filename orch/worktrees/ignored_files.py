"""Ignored files of a worktree that is to go: named before, and saved first where orch.toml says."""

from orch import paths
from orch.git import changes, names, repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config

_NAMED = 5


class Ignored:
    """What goes with a worktree and was never work: its files, and those that are saved first."""

    __slots__ = ("files", "saved")

    def __init__(self, files: "tuple[tuple[str, int], ...]", globs: list[str]) -> None:
        self.files = files
        self.saved = tuple(
            path
            for path, _ in files
            if not path.endswith("/") and any(paths.fits(path, glob) for glob in globs)
        )

    def document(self) -> dict[str, object]:
        """Return how many there are, how large, and the largest; nothing where there are none."""
        if not self.files:
            return {}
        largest = [
            {"path": names.display(path), "bytes": size} for path, size in self.files[:_NAMED]
        ]
        return {
            "ignored_files": len(self.files),
            "ignored_bytes": sum(size for _, size in self.files),
            "largest_ignored": largest,
            "saved_ignored": len(self.saved),
        }


def look(worktree: repository.Repository, settings: "Config") -> Ignored:
    """Return what is ignored in a worktree now. Raises: git_error."""
    return Ignored(changes.ignored_files(worktree), settings.save_ignored)
