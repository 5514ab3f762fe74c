"""What one client meant and what it was told: JSON lines that outlive a SIGKILL.

An entry is written before the command (`do`) and after its answer (`got`); a `do` without a
`got` is a lost answer; `wrong` is what a client itself saw go wrong. The checker
(invariants.py) believes nothing else about clients.
"""

import json
import os

Entry = dict


class Journal:
    """An append-only file of entries, or a list of them when `path` is None."""

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.entries: list[Entry] = []
        if path is not None and os.path.exists(path):
            _cut_torn_line(path)
            self.entries = read(path)
        self._fd = -1
        if path is not None:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def add(self, **entry: object) -> None:
        """Append one entry; it is whole in the file, or not there, whenever we are killed."""
        self.entries.append(entry)
        if self._fd >= 0:
            os.write(self._fd, json.dumps(entry).encode() + b"\n")

    @property
    def unanswered(self) -> Entry | None:
        """The last command, if its answer was lost."""
        if self.entries and "do" in self.entries[-1]:
            return self.entries[-1]
        return None

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _cut_torn_line(path: str) -> None:
    """A line that a kill tore is no entry: the command never began, or nobody read its answer."""
    with open(path, "rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def read(path: str) -> list[Entry]:
    """Return the entries of a journal; a torn last line was never acknowledged to anybody."""
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


def pairs(entries: list[Entry]) -> list[tuple[Entry, Entry | None]]:
    """Return (do, its final got or None): a command that was repeated counts as one."""
    found: dict[int, tuple[Entry, Entry | None]] = {}
    for entry in entries:
        if "do" in entry:
            found.setdefault(entry["n"], (entry, None))
        elif "got" in entry:
            found[entry["n"]] = (found[entry["n"]][0], entry)
    return list(found.values())
