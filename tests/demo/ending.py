"""Scenes 5 to 7: a council reads the parser, the work lands, nothing is left but the story."""

import sys

from tests.demo.build import RUN
from tests.demo.stage import HERE, Leader, expect, title

ROLES = ("architecture-reviewer", "implementation-reviewer", "risk-reviewer")


def review(leader: Leader) -> None:
    """Scene 5: three reviewers, each a process of its own, and one tally."""
    title("5. A council: three reviewers judge the parser's diff, each alone")
    leader.run(f"orch council start --run review --task {RUN}/parser --output markdown")
    for role in ROLES:
        leader.start(sys.executable, str(HERE / "reviewer.py"), role)
    leader.run("orch council wait --run review --timeout-seconds 20")
    leader.dismiss()
    leader.run("orch council tally --run review")
    leader.run("orch council report --run review", most=70)
    tally = leader.data("orch council tally --run review")
    expect(tally["summary"] == {"consensus": 0, "majority": 1, "minority": 2}, "two agree on one")


def land(leader: Leader) -> None:
    """Scene 6: what landed on the run's own branch comes to main, and is what was promised."""
    title("6. Landing: all was tested as it lands; now main moves")
    statuses = {entry["status"] for entry in _entries(leader)}
    expect(statuses <= {"verified", "superseded"}, "all of it has landed")
    leader.run(f"orch integrate --run {RUN} --into main")
    leader.run("git log --oneline --graph -n 12")
    leader.run("orch queue replay")
    leader.run(f"orch drive --run {RUN} --replay")
    said = leader.run(f"{sys.executable} -m calc", "(1.5 + 2) * 4")
    expect(said == "14\n", "the program on main works")


def _entries(leader: Leader) -> list[dict]:
    return leader.data(f"orch queue list --run {RUN}")["entries"]


def leave(leader: Leader) -> None:
    """Scene 7: cleanup by proof, a deep look at everything, the report."""
    title("7. The end: cleanup by proof, doctor, the report")
    leader.run(f"orch cleanup --run {RUN} --all-completed", ok=(0, 10))
    attempts = [
        a for name in ("lexer", "parser", "manual")
        for a in leader.data(f"orch task show {RUN}/{name}")["attempts"]
    ]  # fmt: skip
    expect({a["workspace_status"] for a in attempts} == {"cleaned"}, "no worktree is left")
    leader.run(f"orch run close --run {RUN}")
    leader.run("orch doctor --deep")
    leader.run(f"orch usage --run {RUN}")
    for line in (
        f"orch report --run {RUN} --format html --out report.html",
        f"orch report --run {RUN} --out report.md",
        f"orch graph --run {RUN} --format svg --out graph.svg",
        f"orch metrics --run {RUN} --format csv --out attempts.csv",
    ):
        leader.run(line)
    expect((leader.where / "report.html").stat().st_size > 10_000, "the report is written")
