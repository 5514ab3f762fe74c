"""Input of orch start: plan files and folders, or one task in words."""

import hashlib
import json
import os
import re

from orch.drive import ticket_files, tickets
from orch.plans import files
from orch.plans.document import format_of
from orch.steps.model import say
from schema import ids
from schema.failures import invalid_input, not_found
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orch.drive.tickets import TicketContent

_LONGEST_ID = 40
_LONGEST_TITLE = 120
_MOST_FILES = 20_000
_SENTENCE = re.compile(r"^(.*?[.!?])(?:\s|$)", re.DOTALL)


class StartInput(Value):
    """The contents, how the run is to be called, and its goal."""

    name: str
    goal: str
    contents: "list[TicketContent]"
    text: str  # "" for files.

    @property
    def digests(self) -> list[str]:
        """What each content is known by."""
        return [one.digest for one in self.contents]


def read(given: "Sequence[str]", top: str) -> StartInput:
    """Return what the words are: files below folders too, or a text.

    Raises: invalid_input, not_found/file.
    """
    if not given:
        raise invalid_input(
            "missing FILE or TEXT: what is to be done?",
            reason="flag",
            hint="a plan, a folder of them, or a task in words",
            next=[say("start", "FILE")],
        )
    there = [os.path.lexists(word) for word in given]
    if all(there):
        return _of_files(given, top)
    for word, is_there in zip(given, there, strict=True):
        if not is_there and (any(there) or _is_path(word)):
            raise not_found("file", word, hint="name plan files or folders, or say it in words")
    text = " ".join(given).strip()
    if len(text.split()) < 2:
        raise not_found("file", text, hint="a task in words has at least two of them")
    return _of_text(text)


def _is_path(word: str) -> bool:
    return " " not in word and ("/" in word or format_of(word) is not None)


def _of_files(given: "Sequence[str]", top: str) -> StartInput:
    contents = []
    for path in dict.fromkeys(_expanded(given)):
        name = _name(path, top)
        try:
            data, _ = files.read_bytes(os.path.realpath(path))
        except (FileNotFoundError, files.Unreadable) as why:
            raise invalid_input(f"{path} {why}", reason="file") from why
        digest = hashlib.sha256(data).hexdigest()
        contents.append(tickets.content_of(name, digest, data, whole=os.path.realpath(path)))
    first = os.path.basename(os.path.realpath(given[0]))
    stem = first if os.path.isdir(given[0]) else first.rpartition(".")[0] or first
    return StartInput(slug(stem) or "run", f"what {', '.join(given[:3])} asks for", contents, "")


def _expanded(given: "Sequence[str]") -> "Iterable[str]":
    """Yield the files that are named, of folders all plans below them."""
    for word in given:
        if not os.path.isdir(word):
            yield word
            continue
        found = sorted(ticket_files.scan(word, ["**"]))
        if not found:
            raise invalid_input(
                f"{word} holds no plan file (.yaml .yml .toml .json)", reason="file"
            )
        if len(found) > _MOST_FILES:
            raise invalid_input(f"{word} holds more than {_MOST_FILES} plan files", reason="file")
        for name in found:
            yield os.path.join(word, name)


def _name(path: str, top: str) -> str:
    """Return a file's name from the repository's top; one outside keeps its whole path."""
    whole = os.path.realpath(path)
    inside = whole.startswith(top.rstrip("/") + "/")
    return os.path.relpath(whole, top) if inside else whole


def _of_text(text: str) -> StartInput:
    title = title_of(text)
    task = slug(title) or "task"
    ticket = {"id": task, "title": title, "description": text}
    data = json.dumps(ticket, ensure_ascii=False).encode("utf-8", "replace")
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    content = tickets.content_of("", digest, data, whole="text.json")
    return StartInput(task, title, [content], text)


def title_of(text: str) -> str:
    """Return a text's first sentence as a title."""
    first = text.strip().split("\n")[0]
    found = _SENTENCE.match(first)
    title = (found[1] if found else first).strip().rstrip(".")
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"


def slug(text: str) -> str:
    """Return a text as an id: "" when nothing of it can stand in one."""
    plain = "".join(c if c in ids.NAME_CHARACTERS else "-" for c in text.lower())
    words = [word for word in re.split(r"-+", plain.replace("_", "-")) if word.strip(".")]
    found = ""
    for word in words:
        if found and len(found) + len(word) >= _LONGEST_ID:
            break
        found = f"{found}-{word.strip('.')}" if found else word.strip(".")[:_LONGEST_ID]
    found = re.sub(r"\.\.+", ".", found)
    return found.removesuffix(".lock")
