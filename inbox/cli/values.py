"""Text from a command line to values: one rule per kind, for both parsers.

Raises invalid_input for everything it refuses, before any store is opened.
"""

from schema import ids
from schema.failures import invalid_input, not_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.cli.grammar import Option

MAX_TEXT_BYTES = 1024 * 1024
MAX_TEXT_CONFIGURABLE = 8 * 1024 * 1024
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_SECONDS = 366 * 86400


def convert(option: "Option", text: str) -> object:
    """Return the value of `text` for `option`."""
    require_text(text, option.flag)
    return _CONVERTERS[option.kind](option, text)


def require_text(text: str, what: str) -> str:
    """Return `text` if it is UTF-8 without NUL and not too long."""
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise invalid_input(
            f"{what} is not valid UTF-8", reason="text", hint="binary data belongs in --artifact"
        )
    if "\0" in text:
        raise invalid_input(f"{what} holds a NUL character", reason="text")
    if size > text_limit():
        raise invalid_input(
            f"{what} is {size} bytes; the limit is {text_limit()}",
            reason="text",
            hint="attach a file: --artifact PATH --artifact-copy",
        )
    return text


def text_limit() -> int:
    """Return the most bytes a text may have: 1 MiB, or ORCH_MAX_TEXT_BYTES up to 8 MiB."""
    import os

    wanted = os.environ.get("ORCH_MAX_TEXT_BYTES", "")
    if not wanted.isascii() or not wanted.isdigit():
        return MAX_TEXT_BYTES
    return max(MAX_TEXT_BYTES, min(int(wanted), MAX_TEXT_CONFIGURABLE))


def _plain(_option: "Option", text: str) -> str:
    return text


def _name(option: "Option", text: str) -> str:
    return ids.require_name(text, option.flag)


def _integer(option: "Option", text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise invalid_input(f"{option.flag} needs a whole number, not {text[:40]!r}")
    return int(text)


def _count(option: "Option", text: str) -> int:
    number = _integer(option, text)
    if number < 1:
        raise invalid_input(f"{option.flag} must be at least 1, not {number}")
    return number


def _natural(option: "Option", text: str) -> int:
    number = _integer(option, text)
    if number < 0:
        raise invalid_input(f"{option.flag} must not be negative, but is {number}")
    return number


def _duration(option: "Option", text: str) -> float:
    """Return seconds; `0` and, for a lease, negative numbers keep their meaning."""
    digits, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    plain = digits.removeprefix("-").replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit() and len(plain) < 16):
        raise invalid_input(
            f"{option.flag} wants a duration, not {text[:40]!r}",
            hint="like 90, 90s, 15m, 2h or 30d",
        )
    seconds = float(digits) * unit
    if seconds > _LONGEST_SECONDS and option.kind != "lease":
        raise invalid_input(f"{option.flag} is longer than a year")
    if seconds < 0 and option.kind != "lease":
        raise invalid_input(f"{option.flag} must not be negative, but is {text}")
    return seconds


def _choice(option: "Option", text: str) -> str:
    if text not in option.choices:
        raise invalid_input(
            f"{option.flag} {text[:40]!r} is unknown: one of {', '.join(option.choices)}"
        )
    return text


def _choices(option: "Option", text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    if not chosen:
        raise invalid_input(f"{option.flag} is empty", hint=", ".join(option.choices))
    for part in chosen:
        _choice(option, part)
    return tuple(dict.fromkeys(chosen))


def _names(option: "Option", text: str) -> tuple[str, ...]:
    return tuple(ids.require_name(part.strip(), option.flag) for part in text.split(","))


def _addressee(option: "Option", text: str) -> str:
    return ids.require_addressee(text, option.flag)


def _pool(option: "Option", text: str) -> str:
    return "@" + ids.require_name(text.removeprefix("@"), option.flag)


def _message(option: "Option", text: str) -> int:
    digits = text.removeprefix("msg_")
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 19):
        raise not_found("message", text[:40], hint=f"{option.flag} wants an id like msg_17")
    return int(digits)


def _key(option: "Option", text: str) -> str:
    if not (0 < len(text) <= 128 and text.isascii() and text.isprintable()):
        raise invalid_input(f"{option.flag} wants 1 to 128 printable ASCII characters")
    return text


def _json(option: "Option", text: str) -> str:
    from schema import json_check

    return json_check.require_object(text, option.flag)


def _task(option: "Option", text: str) -> str:
    """Return a task's name: its id, or run/task."""
    for part in text.split("/", 1):
        ids.require_name(part, option.flag)
    return text


def _json_any(option: "Option", text: str) -> str:
    from schema import json_check

    return json_check.require_json(text, option.flag)


def _glob(option: "Option", text: str) -> str:
    parts = text.split("/")
    if not text or text.startswith(("/", "-")) or "\\" in text or ".." in parts:
        raise invalid_input(
            f"{option.flag} {text[:80]!r} is not a glob inside the repository",
            hint="relative, with / between folders: src/parser/** or docs/*.md",
        )
    return text


_CONVERTERS: "dict[str, Callable[[Option, str], object]]" = {
    "integer": _integer,
    "count": _count,
    "natural": _natural,
    "duration": _duration,
    "lease": _duration,
    "choice": _choice,
    "choices": _choices,
    "names": _names,
    "addressee": _addressee,
    "pool": _pool,
    "message": _message,
    "event": _natural,
    "key": _key,
    "json": _json,
    "json_any": _json_any,
    "task": _task,
    "check": _name,
    "glob": _glob,
    # A thread may have an id that its sender chose, a token is checked against the store.
    "thread": _name,
    "name": _name,
    "token": _plain,
    "text": _plain,
    "path": _plain,
}


def read_body(text: str | None, path: str | None) -> str | None:
    """Return --body or the content of --body-file, None without either."""
    if path is None:
        return text
    if text is not None:
        raise invalid_input("--body and --body-file cannot be combined", reason="flag")
    return require_text(read_text(path, "--body-file"), "--body-file")


def read_text(path: str, flag: str) -> str:
    """Return the UTF-8 text of a regular file, or of a descriptor that the caller gave us.

    That is standard input for `-`, and `/dev/fd/63`, as a shell hands over `<(command)`: such a
    one may be a pipe, and is waited for; any other file is not.
    """
    import os

    from schema import file

    limit = text_limit()
    try:
        inherited = _descriptor(path)
        fd = file.open_regular(path) if inherited is None else os.dup(inherited)
        chunks = []
        left = limit + 1
        while left > 0 and (chunk := os.read(fd, left)):
            chunks.append(chunk)
            left -= len(chunk)
        os.close(fd)
    except OSError as error:
        raise invalid_input(f"{flag} {path}: {error.strerror}", reason="file")
    try:
        return b"".join(chunks).decode()
    except UnicodeDecodeError:
        raise invalid_input(
            f"{flag} {path} is not UTF-8 text", reason="text", hint="attach it: --artifact PATH"
        )


def _descriptor(path: str) -> int | None:
    """Return the number of the inherited descriptor that a path names, None for any other path."""
    if path in ("-", "/dev/stdin"):
        return 0
    folder, _, name = path.rpartition("/")
    named = folder in ("/dev/fd", "/proc/self/fd") and name.isascii() and name.isdigit()
    return int(name) if named and len(name) < 7 else None
