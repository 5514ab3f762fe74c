"""`make demo`: the whole story in under a minute, with real processes on a real repository.

First the bus alone: workers race for the project's own documents. Then a run by one command: six
tickets with dependencies and a lock, three workers in worktrees of their own, a question, a crash,
a failed check, an approval; a council, the merge into main, the report. All is left in .demo/.
"""

import sys
import time
from pathlib import Path

from tests.demo import build, bus, ending, stage


def main() -> None:
    """Play all scenes on a fresh stage."""
    stage.fresh()
    started = time.monotonic()
    bus.play()
    leader = build.open_run()
    try:
        build.lead(leader)
        ending.review(leader)
        ending.land(leader)
        ending.leave(leader)
    finally:
        leader.stop()
    stage.title(f"Done in {time.monotonic() - started:.0f} s; nothing was lost. Look at it:")
    bus_at, repo_at = stage.STAGE / "bus", leader.where
    for line in (
        f"the picture of the run:   {repo_at}/report.html (open it in a browser)",
        f"its graph, its figures:   {repo_at}/graph.svg, attempts.csv; as text: report.md",
        f"the repository:           cd {repo_at}, then: git log --oneline --graph --all",
        f"the run, task by task:    cd {repo_at}, then: orch status --run {build.RUN}",
        f"what a worker printed:    cd {repo_at}, then: orch logs {build.RUN}/parser",
        f"the council:              cd {repo_at}, then: orch council report --run review",
        f"the collected document:   {bus_at}/SUMMARY.md",
        f"the bus and its log:      cd {bus_at}, then: inbox list",
        f"the programs:             {Path(sys.executable).parent}/inbox and orch",
    ):
        print(line)


if __name__ == "__main__":
    main()
