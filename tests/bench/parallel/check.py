"""The project's check: `check.py SECONDS LOG`, in a working tree.

Fails on a defect, on conflict markers, and on Python that does not compile among what the newest
commits changed; takes so many seconds more, as a suite would.
"""

import subprocess
import sys
import time
from pathlib import Path

_SINCE = "refs/experiment/start"


def wrong() -> str:
    """Return what is wrong with the tree in the current directory, "" for nothing."""
    defects = [path.name for path in Path().glob("defect-*")]
    if defects:
        return f"defects: {defects}"
    words = ["git", "grep", "-lE", "^(<<<<<<<|>>>>>>>) "]
    marked = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    if marked:
        return f"conflict markers: {marked}"
    words = ["git", "diff", "--name-only", "--diff-filter=d", _SINCE, "--", "*.py"]
    changed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    for path in changed:
        try:
            compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"{path}: {error}"
    return ""


def main() -> None:
    """Check, write one line into the log, exit 1 where something is wrong."""
    seconds, log = float(sys.argv[1]), sys.argv[2]
    time.sleep(seconds)
    found = wrong()
    with open(log, "ab") as file:
        file.write(b"red\n" if found else b"green\n")
    if found:
        sys.exit(found)


if __name__ == "__main__":
    main()
