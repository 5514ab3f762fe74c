"""A coder as `orch work --harness command` starts it: the brief on standard input, no ids to type.

What it writes is ready in project/; what it does stands in its brief, line by line:

    write FILE      put the file into the worktree
    wrong FILE      the same, but wrong at the first attempt
    ask QUESTION    block until somebody answers
    hang            at the first attempt: begin, and never end (to be killed)

Then it commits and reports.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent / "project"


def run(*words: str) -> str:
    """Run a program in the worktree and return what it printed."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Do what the brief says, commit, report."""
    brief = sys.stdin.read()
    found = re.search(r"task (\S+), attempt (\d+)", brief)
    assert found is not None, "the brief names no attempt"
    name, is_first = found[1], found[2] == "1"
    tell(f"has {name}, attempt {found[2]}")
    written = []
    for line in brief.splitlines():
        verb, _, rest = line.partition(" ")
        if verb == "hang" and is_first:
            tell("begins, and will never end")
            signal.pause()
        elif verb == "ask":
            ask(rest)
        elif verb in ("write", "wrong") and rest.startswith(("calc/", "docs/")):
            written.append(rest)
            write(rest, PROJECT / "wrong" if verb == "wrong" and is_first else PROJECT)
    run("git", "add", *written)
    run("git", "commit", "-qm", f"{name.partition('/')[2]}: {', '.join(written)}")
    run("inbox", "done", "--summary", f"wrote {', '.join(written)}")
    tell(f"is done with {name}")


def write(path: str, source: Path) -> None:
    """Put one file of the project into the worktree."""
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text((source / path).read_text())


def ask(question: str) -> None:
    """Ask and wait for the answer, which keeps the lease alive."""
    tell(f"asks: {question}")
    run("inbox", "update", "--status", "blocked", "--body", question)
    answer = run("inbox", "wait-reply", "--timeout-seconds", "60", "--get", "data.message.body")
    tell(f"was told: {answer.strip()}")
    run("inbox", "update", "--status", "in_progress", "--summary", "going on")


def tell(text: str) -> None:
    """Say what happens: into the log, which `orch logs` shows."""
    print(f"[{os.environ['INBOX_AGENT']}] {text}", flush=True)


if __name__ == "__main__":
    main()
