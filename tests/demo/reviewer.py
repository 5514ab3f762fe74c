"""A reviewer of a council as a plain program: claims its thread, reads the diff, answers.

`python reviewer.py ROLE`. What it finds is ready here, but the diff that it looks at is real:
a finding whose line is not in it is not made.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

# role: (file, what the line holds, finding)
FINDINGS = {
    "architecture-reviewer": [
        ("calc/parser.py", "from calc.lexer import tokens", {
            "title": "The parser knows the lexer",
            "summary": "value() takes text and calls the lexer itself.",
            "proposal": "Let value() take tokens; the command joins both.",
            "severity": "low", "category": "interface",
        }),
    ],
    "implementation-reviewer": [
        ("calc/parser.py", "/ _atom(left)", {
            "title": "Division by zero ends in a traceback",
            "summary": "Dividing by zero raises ZeroDivisionError, which value() does not name.",
            "proposal": "Raise ValueError with a message when the divisor is zero.",
            "severity": "medium", "category": "correctness",
        }),
    ],
    "risk-reviewer": [
        ("calc/parser.py", "/ _atom(left)", {
            "title": "Division by zero is not handled",
            "summary": "A zero divisor raises ZeroDivisionError and the user sees a traceback.",
            "proposal": "Raise ValueError with a message when the divisor is zero.",
            "severity": "high", "category": "correctness",
        }),
        ("calc/parser.py", "_sum(left)", {
            "title": "Deep nesting overflows the stack",
            "summary": "Every parenthesis is a call: ten thousand of them end the program.",
            "proposal": "Refuse more than a hundred levels.",
            "severity": "low", "category": "security",
        }),
    ],
}  # fmt: skip


def inbox(*words: str) -> dict:
    """Run one `inbox` command and return its data."""
    done = subprocess.run(["inbox", *words, "--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["data"]


def main(role: str) -> None:
    """Claim, look, answer."""
    claim = inbox("claim", "--agent", role, "--next", "--timeout-seconds", "20")
    thread = claim["thread"]["thread_id"]
    task = next(m for m in claim["messages"] if m["kind"] == "task")
    findings = [
        finding | {"file": path, "line_start": line, "line_end": line, "rationale": "Read it.",
                   "confidence": "high", "tags": [], "target_refs": {"file": path}}
        for path, words, finding in FINDINGS[role]
        if (line := line_of(task["body"], path, words))
    ]  # fmt: skip
    verdict = "revise" if any(f["severity"] == "high" for f in findings) else "approve"
    review = {"reviewer_role": role, "findings": findings, "verdict": verdict}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "review.json")
        path.write_text(json.dumps(review))
        inbox("done", "--agent", role, "--thread", thread, "--summary", "reviewed",
              "--body-file", str(path), "--validate")  # fmt: skip
    print(f"  [{role}] {len(findings)} findings, {verdict}", flush=True)


def line_of(diff: str, path: str, words: str) -> int:
    """Return the line of the new file that holds the words, 0 if the diff does not show it."""
    number, inside = 0, False
    for line in diff.splitlines():
        if line.startswith("+++ "):
            inside = line.endswith(f"/{path}")
        elif line.startswith("@@"):
            number = int(line.partition("+")[2].partition(",")[0].partition(" ")[0]) - 1
        elif inside and not line.startswith("-"):
            number += 1
            if words in line:
                return number
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
