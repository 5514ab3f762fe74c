"""Plans as files: read within the limits of what comes from outside, their specifications too."""

import os
import stat

from orch.plans import parse
from orch.plans.document import MAX_BYTES, Document, format_of, text_fault
from orch.plans.read import read_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orch.plans.parse import PlanReading, Ticket

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unreadable(Exception):
    """A file that cannot be read as a plan, and why."""


def read_bytes(path: str) -> tuple[bytes, os.stat_result]:
    """Return a regular file's content, and how it stood when it was read; no link is followed.

    Raises: Unreadable; FileNotFoundError when it is gone.
    """
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    try:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode):
            raise Unreadable("is no regular file")
        if seen.st_size > MAX_BYTES:
            raise Unreadable(f"is larger than {MAX_BYTES // 1024} KiB: split it")
        data = b""
        while len(data) <= MAX_BYTES and (chunk := os.read(fd, MAX_BYTES + 1)):
            data += chunk
        return data, os.fstat(fd)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    finally:
        os.close(fd)


def reading_of(data: bytes, path: str) -> "PlanReading":
    """Return what a plan's file says; what is wrong with it stands in the reading."""
    kind = format_of(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return refused(f"is not UTF-8 (byte {error.start})")
    if kind is None:
        return refused("which format is it? its name ends in none of .yaml .yml .toml .json")
    reading = parse.read(read_document(text, kind))
    add_specs(reading, os.path.realpath(os.path.dirname(path) or "."))
    return reading


def refused(why: str) -> "PlanReading":
    """Return the reading of a file that cannot be read as a plan."""
    document = Document("")
    document.refuse((), why)
    return parse.read(document)


def add_specs(reading: "PlanReading", base: str) -> None:
    """Copy the specifications that tickets name: only from below the plan's folder `base`."""
    for ticket in reading.tickets.values():
        if ticket.spec_file is not None:
            _add_spec(reading, ticket, base)


def _add_spec(reading: "PlanReading", ticket: "Ticket", base: str) -> None:
    """Copy one: a plan may be a stranger's, so nothing outside its folder is read."""
    name = str(ticket.spec_file)
    whole = os.path.realpath(os.path.join(base, name))
    place = (*ticket.path, "spec_file")
    if not whole.startswith(base.rstrip("/") + "/"):
        reading.refuse(place, f"{name} lies outside the plan's folder", ticket.task_id)
        return
    try:
        data, _ = read_bytes(whole)
        text = data.decode("utf-8")
        fault = text_fault(text)
    except FileNotFoundError:
        fault = "is not there"
    except UnicodeDecodeError:
        fault = "is not UTF-8"
    except Unreadable as error:
        fault = str(error)
    if fault:
        reading.refuse(place, f"{name} {fault}", ticket.task_id)
    else:
        ticket.set_spec(text)


def of_repository(path: str, base: str) -> "Sequence[tuple[str, int]] | None":
    """Return the files (path, bytes) of the repository of a path at a base, None outside of git."""
    from orch.git import refs, repository

    repo = repository.find_repository(os.path.realpath(path or os.getcwd()))
    if repo is None:
        return None
    commit = refs.resolve(repo, base) if base else refs.head(repo).commit
    return refs.list_files(repo, commit) if commit else None
