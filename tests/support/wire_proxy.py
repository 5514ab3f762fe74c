"""A wire between a machine and the server: it can be slow, and it can be cut."""

import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

_NAME = ".s.PGSQL.5432"


class Wire:
    """A socket in a folder of its own that leads to the server's; `delay` seconds each way."""

    def __init__(self, server: Path, delay: float = 0.0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orch-wire-"))
        self.delay = delay
        self._is_silent = False
        self._server = str(server / _NAME)
        self._path = str(self.folder / _NAME)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.mend()

    def url(self, url: str) -> str:
        """Return a server's URL with this wire in between."""
        return url.replace(str(Path(self._server).parent), str(self.folder))

    def mend(self) -> None:
        """Let connections through."""
        self._is_silent = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen(64)
        self._begin(self._accept, self._listener)

    def swallow(self) -> None:
        """Let nothing through any more, and end nothing, as a network that lost its route."""
        self._is_silent = True

    def cut(self) -> None:
        """End all connections, and let no other through."""
        os.unlink(self._path)
        assert self._listener is not None
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave nothing behind."""
        if os.path.exists(self._path):
            self.cut()
        for thread in self._threads:
            thread.join(10)
        self.folder.rmdir()

    def _begin(self, work: Callable[..., None], *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                self._begin(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._server)
            self._open |= {near, far}
            back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
            back.start()
            self._carry(near, far)
            back.join()
            self._open -= {near, far}

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if not self._is_silent:
                    other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
