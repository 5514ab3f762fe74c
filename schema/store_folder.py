"""Folder of a store on this machine: the places of what is no row.

The path of a store says which store it is; what stands on the disk is asked of this object, so
that a store which is no file can have a folder too.
"""

import os


class StoreFolder:
    """The folder of a store, and the places in it that have a name."""

    __slots__ = ("files", "path", "wake")

    def __init__(self, store: str, wake: str, lock: str) -> None:
        """Take the path of the store, of its waiters' FIFOs and of its queue of writers."""
        self.path = os.path.dirname(store)
        self.wake = wake
        self.files = (store, f"{store}-wal", f"{store}-shm", lock)  # The store's own.

    def below(self, *names: str) -> str:
        """Return a place in the folder."""
        return os.path.join(self.path, *names)

    @property
    def artifacts(self) -> str:
        """The kept bytes, each under its digest."""
        return self.below("artifacts")

    def artifact(self, sha256: str) -> str:
        """Return where the bytes with this digest are kept."""
        return self.below("artifacts", sha256[:2], sha256)

    @property
    def logs(self) -> str:
        """What the agents' programs printed."""
        return self.below("logs")

    @property
    def spool(self) -> str:
        """What running turns print, until it is in their log."""
        return self.below("spool")

    @property
    def watched(self) -> str:
        """A file whose time says when somebody last had a board or a page open."""
        return self.below("watched")
