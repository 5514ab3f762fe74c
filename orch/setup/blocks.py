"""The marked block in an instructions file, and whole files of ours: bytes in, bytes out. Pure.

Guarantees: what stands outside the block is returned byte for byte; putting in and taking out
gives the very bytes from before, whatever the line endings, BOM or missing last line feed.
"""

import re

from orch.setup.model import Broken, digest
from schema.value import Value

_BEGIN = b"<!-- BEGIN orch setup"
_END = b"<!-- END orch setup -->"
_HEAD = re.compile(rb"<!-- BEGIN orch setup v([0-9A-Za-z.+-]+) sha256:([0-9a-f]{12}) -->\r?\n")
_SEAL = re.compile(rb"\n<!-- orch setup v([0-9A-Za-z.+-]+) sha256:([0-9a-f]{12}) -->\r?\n\Z")
_BOM = b"\xef\xbb\xbf"


class OurBlock(Value):
    """Our block in a file: where it stands, its text, and whether somebody edited it."""

    start: int
    end: int
    text: bytes
    edited: bool


def require_text(old: bytes) -> None:
    """Refuse what cannot hold a block of ASCII lines. Raises: Broken."""
    if old.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Broken("is UTF-16; save it as UTF-8 first")
    if b"\0" in old:
        raise Broken("is not text: it holds NUL bytes")


def find(old: bytes) -> OurBlock | None:
    """Return our block, None without one. Raises: Broken for markers that do not pair up."""
    begins, ends = old.count(_BEGIN), old.count(_END)
    if begins == ends == 0:
        return None
    if begins > 1 or ends > 1:
        raise Broken("holds our markers more than once: delete all blocks but one by hand")
    start, close = old.find(_BEGIN), old.find(_END)
    if begins != ends or close < start:
        raise Broken("holds half of our block: delete the rest of it by hand, markers too")
    head = _HEAD.match(old, start)
    if head is None:
        return OurBlock(start, close + len(_END), b"", True)
    text = old[head.end() : close]
    return OurBlock(start, close + len(_END), text, digest(text) != head[2].decode())


def put(old: bytes, text: str, version: str) -> bytes:
    """Return the file with the block in its place, at the end if it had none."""
    found = find(old)
    newline = b"\r\n" if b"\r\n" in old else b"\n"
    body = _block(text, version).replace(b"\n", newline)
    if found is not None:
        return old[: found.start] + body + old[found.end :]
    if old in (b"", _BOM):
        return old + body
    if old.endswith(b"\n"):
        return old + newline + body + newline
    return old + newline + newline + body


def take(old: bytes) -> bytes:
    """Return the file without the block, and without the blank line that came with it."""
    found = find(old)
    assert found is not None
    before, after = old[: found.start], old[found.end :]
    rest = re.sub(rb"\A\r?\n", b"", after)
    if rest == after and not after:  # The file had no line feed at its end.
        return re.sub(rb"\r?\n\r?\n\Z", b"", before)
    if re.search(rb"\n\r?\n\Z", before):
        before = re.sub(rb"\r?\n\Z", b"", before)
    return before + rest


def fresh(text: str, version: str) -> bytes:
    """Return a file that holds nothing but the block."""
    return _block(text, version) + b"\n"


def current(found: OurBlock, text: str) -> bool:
    """Say whether the block holds `text`, whichever version wrote it."""
    return found.text.replace(b"\r\n", b"\n") == text.encode()


def _block(text: str, version: str) -> bytes:
    head = f"<!-- BEGIN orch setup v{version} sha256:{digest(text.encode())} -->\n"
    return head.encode() + text.encode() + _END


def sealed(text: str, version: str) -> bytes:
    """Return a whole file of ours: the text and a last line that says so."""
    seal = f"\n<!-- orch setup v{version} sha256:{digest(text.encode())} -->\n"
    return text.encode() + seal.encode()


def unseal(old: bytes) -> tuple[bytes, bool] | None:
    """Return (the text, whether it was edited) of a whole file of ours, None for another's."""
    seal = _SEAL.search(old)
    if seal is None:
        return None
    text = old[: seal.start()]
    if text.endswith(b"\r"):
        text = text[:-1]
    return text, digest(text) != seal[2].decode()
