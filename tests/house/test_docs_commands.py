"""Every command that the README or a guide shows exists, with the flags that it is shown with."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.cli.grammar import Program
from inbox.cli.table import PROGRAM as INBOX
from orch.cli.main import PROGRAM as ORCH

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
PROGRAMS = {"inbox": INBOX, "orch": ORCH}
_BLOCK = re.compile(r"```(?:sh|bash|toml|text)?\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_shown_command_exists_with_its_flags(page: Path):
    text = page.read_text(encoding="utf-8")
    wrong = [f"{line}: {why}" for line in _shown(text) if (why := _problem(shlex.split(line)))]
    assert not wrong


def _shown(text: str) -> Iterator[str]:
    """Yield what is shown as a command: inline, or from the start of a column of a block."""
    yield from (_bare(line) for line in re.findall(r"`((?:orch|inbox) [^`]+)`", text))
    for block in _BLOCK.findall(text):
        for line in re.sub(r"\\\n\s*", " ", block).split("\n"):
            for part in re.split(r"\s{3,}|&&|\|", line):
                if re.match(r"(?:orch|inbox) [a-z]", part.strip()):
                    yield _bare(part.strip())


def _bare(line: str) -> str:
    return re.sub(r"\s+#.*|\s+>.*", "", line).rstrip("&;…. ")


def _problem(words: list[str]) -> str:
    program = PROGRAMS[words[0]]
    words = words[1 : words.index("--") if "--" in words else None]
    anywhere = {option.flag for option in program.globals} | {"--help", "-h"}
    name = _named(program, [word for word in words if not word.startswith("-")])
    if name is None:
        return "" if _is_group(program, words) else "no such command"
    known = anywhere | {
        each for option in program.commands[name].options for each in (option.flag, option.short)
    }
    flags = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return ", ".join(f"no flag {flag}" for flag in flags if flag not in known)


def _named(program: Program, words: list[str]) -> str | None:
    """Return the command's words; a value of a flag before them does not hide them."""
    for start in range(min(2, len(words))):
        for length in (2, 1):
            name = " ".join(words[start : start + length])
            if name in program.commands:
                return name
    return None


def _is_group(program: Program, words: list[str]) -> bool:
    name = " ".join(words)
    return words[0].startswith("--") or any(c.startswith(name + " ") for c in program.commands)
