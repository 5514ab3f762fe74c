"""Reviewers' text made safe to show: in Markdown and on a terminal.

Owns escaping. Guarantees: what `inline`, `quoted` and `code_block` return renders as text or
code and nothing else (no heading, link, image, HTML, table, list or fence of the reviewer's
making); control, bidirectional and zero-width characters become visible; every word survives.
"""

import re
import unicodedata
from itertools import pairwise

# Cc, Cf: control and format characters (bidi, zero width, tags); Cs, Co, Cn: nothing to show;
# Zl, Zp: line breaks that editors and parsers disagree about.
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINKED = re.compile(r"//|@|#\d|www\.", re.IGNORECASE)
_SPECIAL = re.compile(r"[\\`*\[\]<>&~|$#]|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"[+\-=]|\d+(?=[.)])")
_BAR = re.compile(r"(?<!\\)\|")
_BACKTICKS = re.compile(r"`+")


def visible(text: str) -> str:
    """Return `text` with invisible characters as ⟨U+XXXX⟩; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return `text` visible and on one line."""
    return " ".join(visible(text).split())


def inline(text: str) -> str:
    """Return `text` as Markdown that can stand anywhere in a line. Its `code` stays code.

    What a renderer would link by itself (addresses, mentions, #12) becomes code as well.
    """
    pieces: list[str] = []
    for at, part in enumerate(_SPAN.split(one_line(text))):
        if at % 2:
            pieces.append(code_span(part))
        else:
            pieces += [_word(word) for word in re.split("( )", part)]
    line = ""
    for piece in pieces:
        # Two spans that touch would be read as one run of backticks.
        touching = line.endswith("`") and piece.startswith("`")
        line += " " + piece if touching else piece
    if start := _LINE_START.match(line):
        cut = start.end() if start[0].isdigit() else 0
        return f"{line[:cut]}\\{line[cut:]}"
    return line


def code_span(text: str) -> str:
    """Return `text` as a code span that its own backticks cannot close."""
    shown = one_line(text)
    fence = _fence(shown, 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def cell(text: str) -> str:
    """Return `text` as `inline` does, for a cell of a table: no bar in it ends the cell."""
    return _BAR.sub(r"\\|", inline(text))


def code_cell(text: str) -> str:
    """Return `text` as a code span for a cell of a table."""
    return _BAR.sub(r"\\|", code_span(text))


def quoted(text: str, label: str = "") -> list[str]:
    """Return `text` as the lines of a block quote, its line breaks kept, after our own `label`."""
    lines = [inline(line) for line in visible(text).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return []
    if label:
        lines[0] = f"{label} {lines[0]}"
    # A backslash at the end of a line keeps the break when the paragraph goes on.
    breaks = ["\\" if line and after else "" for line, after in pairwise(lines)]
    return [f"> {line}{end}".rstrip() for line, end in zip(lines, [*breaks, ""], strict=True)]


def code_block(text: str) -> list[str]:
    """Return `text` as the lines of a quoted fenced block that its own fences cannot close."""
    shown = visible(text).expandtabs(4).strip("\n")
    fence = _fence(shown, 3)
    return [f"> {line}".rstrip() for line in (fence, *shown.split("\n"), fence)]


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character) in _INVISIBLE or character in _BLANK_LETTERS:
        return f"⟨U+{ord(character):04X}⟩"
    return character


def _word(word: str) -> str:
    return code_span(word) if _LINKED.search(word) else _SPECIAL.sub(r"\\\g<0>", word)


def _fence(text: str, least: int) -> str:
    return "`" * max(least, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))


def xml(text: str) -> str:
    """Return `text` visible and as character data or a quoted attribute value of XML or HTML."""
    return visible(text).translate(_XML)


_XML = {ord(c): f"&#{ord(c)};" for c in "&<>\"'"}


def mermaid(text: str) -> str:
    """Return `text` as the inside of a quoted label of mermaid: one line, nothing but text.

    Whatever its grammar, its directives or its Markdown could read is a character code.
    """
    return "".join(
        c if c.isalnum() or c in _PLAIN_IN_MERMAID else f"#{ord(c)};" for c in one_line(text)
    )


_PLAIN_IN_MERMAID = frozenset(" .,-_/·…⟨⟩+–✓✗○◔◑▶◎")


def dot(text: str) -> str:
    """Return `text` as the inside of a quoted string of DOT; its backslashes mean nothing."""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
