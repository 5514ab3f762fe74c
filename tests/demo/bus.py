"""Scene 1: the bus. Three workers race for the project's own documents.

One asks, one is killed with -9 and its thread is taken over; what they deliver becomes one file.
"""

import subprocess
import sys

from tests.demo.stage import ROOT, STAGE, Leader, expect, kill, say, title, until


def play() -> None:
    """Have six documents summarised by workers that race for them."""
    title("1. The bus: three workers race for the project's documents, over inbox alone")
    leader = Leader(STAGE / "bus")
    try:
        _play(leader)
    finally:
        leader.stop()


def _play(leader: Leader) -> None:
    leader.run("git init -q .", show=False)  # So that the store is found here, not above.
    documents = sorted((ROOT / "docs").rglob("*.md"))[:6]
    leader.run("orch run init --run summaries --goal", "One guide out of many documents")
    for number, path in enumerate(documents):
        ask = "\nask Which spelling, British or American?" if number == 0 else ""
        leader.run(
            f"orch task add --run summaries --task doc-{number} --default-to @writers --title",
            f"Summarise {path.name}", "--summary", f"summarise {path}{ask}", show=number == 0,
        )  # fmt: skip
    leader.run("orch dispatch --run summaries --ready --execution-mode analysis")
    orphan = leader.data(
        "inbox send --from leader --to @proofreaders --subject", "Proofread the index",
        "--body", "hang",
    )["thread"]["thread_id"]  # fmt: skip
    dying = _hire(leader, "w0", "proofreaders", lease="1")
    until(
        lambda: leader.data(f"inbox show --thread {orphan}")["thread"]["status"] == "claimed", "w0"
    )
    for name in ("w1", "w2", "w3"):
        _hire(leader, name, "writers")
    kill(dying)
    say("[w0] killed with -9")
    leader.run("orch wait --run summaries --for task_blocked")
    question = leader.data("orch blocked --run summaries")["tasks"][0]["task"]["task_id"]
    leader.run("orch blocked --run summaries")
    leader.run(f"orch answer --run summaries --task {question} --body", "British, please.")
    leader.run("inbox claim --agent w4 --next --pool proofreaders --timeout-seconds 20")
    leader.run(f"inbox done --agent w4 --thread {orphan} --summary", "index proofread by w4")
    leader.run("orch wait --run summaries --for run_done --timeout-seconds 50")
    leader.dismiss()
    leader.run("orch status --run summaries")
    _collect(leader, len(documents))
    thread = leader.data(f"inbox show --thread {orphan}")["thread"]
    expect((thread["epoch"], thread["lost_leases"]) == (2, 1), "w4 took over what w0 had")


def _hire(leader: Leader, name: str, pool: str, lease: str = "60") -> "subprocess.Popen[str]":
    return leader.start(sys.executable, "-m", "tests.demo.worker", name, pool, lease)


def _collect(leader: Leader, count: int) -> None:
    """Make one document of all artifacts the workers delivered."""
    out = leader.where / "SUMMARY.md"
    parts = []
    for task in leader.data("orch status --run summaries")["tasks"]:
        thread = task["latest_attempt"]["thread_id"]
        for artifact in leader.data(f"inbox artifact list --thread {thread}")["artifacts"]:
            kept = leader.where / f"{artifact['artifact_id']}.md"
            leader.run(f"inbox artifact get {artifact['artifact_id']} --out {kept}", show=False)
            parts.append(kept.read_text())
    out.write_text("# Summaries\n\n" + "\n".join(parts))
    expect(len(parts) == count, "every document was summarised once")
    say(f"collected {len(parts)} summaries into {out}")
