"""A scripted coder: thinks for as long as a change is long, applies it, fails now and then.

Run by `orch work` as the program of the `command` harness, and called by the arms that have no
tool; only the standard library, as it starts once a turn. What goes wrong is drawn from a stream
keyed by (seed, topic, try), so that every arm meets the same luck. All seconds of the facts are
those of a model at work; `scale` of them pass in one second here.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

KINDS = ("crash", "no_change", "red", "question")
_ME = ("-c", "user.name=coder", "-c", "user.email=coder@localhost")


class Coder:
    """Whoever works on topics in one working tree."""

    def __init__(self, facts: dict, tree: Path) -> None:
        self.facts = facts
        self.tree = tree

    def turn(self, topic: str) -> str:
        """Work on a topic once; return "done", "conflict" (done, too) or what went wrong."""
        number = 1 + sum(1 for row in self._journal() if row["topic"] == topic)
        luck = luck_of(self.facts, topic, number)
        seconds = self.facts["topics"][topic]["seconds"]
        if luck in ("crash", "question"):
            self.think(topic, number, luck, seconds / (2 if luck == "crash" else 10))
            return luck
        self.think(topic, number, luck, seconds)
        if luck == "no_change":
            return luck
        kind = self.apply(topic)
        if kind == "conflict":
            self.think(topic, number, kind, seconds)
        self._commit(topic, is_red=luck == "red")
        return "red" if luck == "red" else kind

    def think(self, topic: str, number: int, kind: str, seconds: float) -> None:
        """Let a model's time pass, and write down for what."""
        time.sleep(seconds / self.facts["scale"])
        row = {"topic": topic, "try": number, "kind": kind, "seconds": seconds}
        with open(self.facts["journal"], "ab") as file:
            file.write(json.dumps(row).encode() + b"\n")

    def apply(self, topic: str) -> str:
        """Bring a topic's change into the tree, resolving conflicts as the history stood."""
        if topic in self.landed():
            return "done"
        self.git("cherry-pick", "--no-commit", self.facts["topics"][topic]["patch"], ok=(0, 1))
        return "conflict" if self.resolve(topic) else "done"

    def resolve(self, *mine: str) -> bool:
        """Take files in conflict from the newest merge of what is here; say whether any was."""
        listed = self.git("diff", "--name-only", "-z", "--diff-filter=U").split("\0")
        paths = [path for path in listed if path]
        topics = self.facts["topics"]
        here = self.landed() | set(mine)
        last = [topics[name]["merge"] for name in topics if name in here][-1]
        for path in paths:
            if self.git("ls-tree", last, "--", path):
                self.git("checkout", "-q", last, "--", path)
            else:
                self.git("rm", "-q", "-f", "--", path)
        return bool(paths)

    def landed(self) -> set[str]:
        """Return the topics that are in the history of the tree's HEAD."""
        words = ("log", "--format=%(trailers:key=Topic,valueonly)", f"{self.facts['start']}..HEAD")
        return set(self.git(*words).split())

    def _commit(self, topic: str, *, is_red: bool) -> None:
        defect = self.tree / f"defect-{topic}"
        defect.unlink(missing_ok=True)
        if is_red:
            defect.write_text("what the check finds\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"work of {topic}\n\nTopic: {topic}")

    def _journal(self) -> list[dict]:
        try:
            lines = Path(self.facts["journal"]).read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def git(self, *words: str, ok: tuple[int, ...] = (0,)) -> str:
        """Run git in the tree and return what it says."""
        done = subprocess.run(
            ["git", *_ME, *words], cwd=self.tree, capture_output=True, text=True, check=False
        )
        if done.returncode not in ok:
            raise SystemExit(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout.strip("\n")


def luck_of(facts: dict, topic: str, number: int) -> str:
    """Return what a try meets: one of KINDS, or "done"."""
    drawn = random.Random(f"{facts['seed']}/{topic}/{number}").random()
    for kind in KINDS:
        drawn -= facts["rates"][kind]
        if drawn < 0:
            return kind
    return "done"


def main() -> None:
    """Do one turn in the worktree of an attempt, and report as an agent would."""
    sys.stdin.read()
    topic = Path.cwd().parent.name
    outcome = Coder(json.loads(Path(sys.argv[1]).read_text()), Path.cwd()).turn(topic)
    if outcome == "crash":
        os._exit(3)
    if outcome == "question":
        words = ["inbox", "update", "--status", "blocked", "--body", "which of the two?"]
        subprocess.run(words, check=True, capture_output=True)
    elif outcome != "no_change":
        subprocess.run(["inbox", "done", "--summary", f"did {topic}"], check=True,
                       capture_output=True)  # fmt: skip


if __name__ == "__main__":
    main()
