"""A worker of the bus scene as a plain program: claim, work, ask, finish, through the real `inbox`.

`python -m tests.demo.worker NAME POOL` works until nothing comes for a moment. What a thread
asks for stands in its brief, line by line:

    summarise FILE            write a summary of FILE and deliver it as an artifact
    ask QUESTION              block until somebody answers, and write the answer down
    hang                      claim with a short lease and never come back (to be killed)
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PATIENCE = "1.5"  # Seconds without work after which a worker goes home.


def inbox(*words: str, ok: tuple[int, ...] = (0,)) -> dict:
    """Run one `inbox` command and return its JSON document."""
    done = subprocess.run(
        ["inbox", *words, "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode not in ok:
        raise SystemExit(
            f"inbox {' '.join(words)} -> {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return json.loads(done.stdout)


def say(name: str, text: str) -> None:
    """Tell the audience what happens."""
    print(f"  [{name}] {text}", flush=True)


def main(name: str, pool: str, lease: str) -> None:
    """Take work until none comes."""
    while True:
        words = ["claim", "--agent", name, "--next", "--pool", pool, "--timeout-seconds", PATIENCE]
        answer = inbox(*words, "--lease-seconds", lease, ok=(0, 10))
        if not answer["ok"]:
            say(name, "nothing more to do")
            return
        work(name, answer["data"])


def work(name: str, claim: dict) -> None:
    """Do one thread: the brief says what."""
    thread, token = claim["thread"]["thread_id"], claim["lease"]["token"]
    task = next(m for m in claim["messages"] if m["kind"] == "task")
    say(name, f"claimed {thread} (epoch {claim['lease']['epoch']}): {task['summary']}")
    me = ["--agent", name, "--thread", thread, "--lease", token]
    artifacts: list[str] = []
    for line in task["body"].splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb == "hang":
            say(name, f"takes {thread} and will never come back")
            sys.stdin.read()
        elif verb == "summarise":
            artifacts.append(summarise(rest, name))
        elif verb == "ask":
            answer = ask(name, thread, me, rest)
            Path(os.environ["DEMO_WORK"], "answer.txt").write_text(answer + "\n")
    kept = [word for path in artifacts for word in ("--artifact", path)]
    inbox("done", *me, "--summary", f"{task['summary']}: done by {name}", *kept,
          *(["--artifact-copy"] if kept else []))  # fmt: skip
    say(name, f"finished {thread}")


def ask(name: str, thread: str, me: list[str], question: str) -> str:
    """Block on a question and return the answer."""
    say(name, f"asks: {question}")
    inbox("update", *me, "--status", "blocked", "--body", question)
    reply = inbox("wait-reply", "--thread", thread, "--agent", name, "--timeout-seconds", "30")
    text = reply["data"]["message"]["body"]
    say(name, f"was told: {text}")
    inbox("update", *me, "--status", "in_progress", "--summary", "going on")
    return text


def summarise(path: str, name: str) -> str:
    """Write the first heading, the first sentence and the size of a document."""
    text = Path(path).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    title = next((line.lstrip("# ") for line in lines if line.startswith("#")), path)
    first = next((line for line in lines if not line.startswith(("#", "<", "-", "|"))), "")
    summary = Path(os.environ["DEMO_WORK"]) / f"summary-{Path(path).stem}.md"
    words = len(text.split())
    summary.write_text(f"## {title}\n\n{first}\n\n({words} words; summarised by {name})\n")
    return str(summary)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "60")
