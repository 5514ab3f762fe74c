"""A scene that is expensive to set up: made once for a room, given back to each test as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from tests.support import engines
from tests.support.repos import hermetic

Scene = TypeVar("Scene")


class Stage(Generic[Scene]):
    """What `make` builds below `place`/home, and a copy of it.

    Restored at the same path, since worktrees and stores name their places in full.
    """

    def __init__(self, place: Path, make: Callable[[Path], Scene]) -> None:
        self.home = place / "home"
        self._kept = place / "kept"
        first = len(engines.made)
        with pytest.MonkeyPatch.context() as patch:
            hermetic(patch, self.home)
            self.scene = make(self.home)
        self._databases = engines.made[first:]
        engines.keep(self._databases)
        shutil.copytree(self.home, self._kept, symlinks=True)

    def restore(self, monkeypatch: pytest.MonkeyPatch) -> Scene:
        """Return the scene with every file and database as it was made."""
        engines.bring_back(self._databases)
        shutil.rmtree(self.home)
        shutil.copytree(self._kept, self.home, symlinks=True)
        hermetic(monkeypatch, self.home)
        return self.scene
