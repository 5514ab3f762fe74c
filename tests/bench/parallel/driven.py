"""The arm under test: `orch start` with workers, and a person who answers a minute later."""

import json
import shlex
import subprocess
import threading
import time
from pathlib import Path

from tests.bench import history
from tests.bench.installed import ORCH, PYTHON
from tests.bench.parallel.place import ANSWER, HERE, Outcome, Place, timed

_WORDS = {"TEXT": "the first of the two", "AGENT": "@auto"}
_DEADLINE = 900.0
_NO_NEED = ("finished", "done", "cancelled", "landed", "run_done", "integrate")


def driven(place: Place, workers: int) -> Outcome:
    """`orch start` with so many workers; a person does what is asked of one, a minute later."""
    tasks = [
        {"id": p.name, "title": f"topic {p.name}", "depends_on": list(p.needs),
         "required_checks": ["sound"], "risk": "low"}
        for p in place.setting.chosen.pieces
    ]  # fmt: skip
    plan = place.folder / "plan.json"
    plan.write_text(json.dumps({"tasks": tasks}))
    (place.folder / "home").mkdir()
    env = history.ENV | {"HOME": str(place.folder / "home")}
    words = ["start", str(plan), "--run", "x", "--target", "main", "--foreground", "--until",
             "done", "--workers", str(workers), "--at-once", str(workers), "--harness", "command",
             "--", PYTHON, "-I", f"{HERE}/coder.py", f"{place.folder}/facts.json"]  # fmt: skip
    person = _Person(place, env)

    def _work() -> None:
        with (place.folder / "start.log").open("wb") as log:
            driver = subprocess.Popen([ORCH, *words], cwd=place.repo, env=env,
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
            person.begin()
            try:
                status = driver.wait(_DEADLINE)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()
                status = "not done in time"
            finally:
                person.end()
            if status != 0:
                told = (place.folder / "start.log").read_text()
                raise SystemExit(f"orch start: {status}: {told}")

    wall, cpu = timed(_work)
    return place.outcome(wall, cpu, workers, len(person.tasks))


class _Person:
    """Somebody who waits for news, and does what the first step of each says, a minute later."""

    def __init__(self, place: Place, env: dict[str, str]) -> None:
        self.place = place
        self.env = env
        self.tasks: set[str] = set()
        self._is_over = False
        self._waiting: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._live)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._is_over = True
        if self._waiting is not None:
            self._waiting.terminate()
        self._thread.join()

    def _live(self) -> None:
        while not self._is_over:
            if not self._news("--timeout-seconds", "60"):
                continue
            time.sleep(ANSWER / self.place.setting.scale)
            for piece in self._news("--again"):  # What holds still.
                if not self._is_over:
                    self._do(piece)

    def _news(self, *flags: str) -> list[dict]:
        argv = [ORCH, "--json", "wait", "--run", "x", *flags]
        self._waiting = subprocess.Popen(
            argv, cwd=self.place.repo, env=self.env, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = self._waiting.communicate()
        if self._waiting.returncode:
            time.sleep(0.05)  # The run is not there yet, or nothing was new.
            return []
        news = json.loads(out)["data"]["news"]
        return [one for one in news if one["command"] and one["kind"] not in _NO_NEED]

    def _do(self, need: dict) -> None:
        argv = [_WORDS.get(word, word) for word in shlex.split(need["command"])]
        argv[0] = str(Path(ORCH).parent / argv[0])
        done = subprocess.run(argv, cwd=self.place.repo, env=self.env, capture_output=True,
                              text=True, check=False)  # fmt: skip
        with (self.place.folder / "person.log").open("a") as log:
            log.write(f"{need['kind']} {shlex.join(argv)}: {done.returncode} {done.stderr}\n")
        self.tasks.add(need["task_id"])
