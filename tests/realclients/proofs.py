"""What is proven of a client: each proof is a task done through `orch work` by the real program."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.realclients.clients import Client
from tests.realclients.install import installed, search_path
from tests.realclients.model import Model, Script

_SCRIPTS = Path(sys.executable).parent
DEADLINE = 90.0  # Seconds for one turn; far more than any takes.
_AGENT = "w1"
_MAIL = "MAIL-4711: stop after this step"
# In the leader's name, and without the worker's proof of its lease.
_MAIL_TO_ME = f"INBOX_LEASE= inbox reply --from lead --thread $INBOX_THREAD --body '{_MAIL}'"
_DONE = "inbox done --summary 'it is written'"
_TRIES_LONG = ("claude",)  # Such an answer is tried again for longer than a proof should take.
_BLOCK = "Work between agents: inbox and orch"
_SKILL = "How to work as an agent on inbox"
PROOFS = {
    "check": "`orch work --check` finds it and its version",
    "done": "claims, edits, commits, reports: verdict `done`, the commit on the attempt's branch",
    "no_change": "ends well having done nothing: verdict `no_change`",
    "continue": "`orch continue` after that: a new attempt, `done`",
    "ask": "asks, ends, is answered, goes on: `waiting`, then `done`",
    "resumed": "the answer came into the client's own session",
    "block": "read the section that `orch setup` wrote",
    "skill": "was told of the skills that `orch setup` wrote",
    "hook": "the repository's hook showed new mail between two commands",
    "start": "`orch start` of a ticket: the client works in the driver's slot, and it lands",
    "login": "the API does not take its key: `limited`, the task waits, no attempt is spent",
    "mcp": "reported a task by the tools of `orch mcp`, registered by `orch setup --mcp`",
    "user": "the same section, skills and hook, set up with `--user` alone",
}


class Result:
    """What came of the proofs of one client: "yes", "no: why", or "-" for no such thing."""

    def __init__(self, client: Client, version: str) -> None:
        self.client = client
        self.version = version
        self.found: dict[str, str] = {}
        self.seconds = 0.0

    @property
    def good(self) -> bool:
        return all(not said.startswith("no") for said in self.found.values())

    def text(self) -> str:
        """Return the result for people, one line per proof."""
        lines = [f"{self.client.name} {self.version}: {self.seconds:.0f} s"]
        return "\n".join([*lines, *(f"  {name:10} {said}" for name, said in self.found.items())])


class Place:
    """A repository with a run, a home of the client's own, and the programs on PATH."""

    def __init__(self, client: Client, prefix: Path, model: Model) -> None:
        self.top = Path(tempfile.mkdtemp(prefix=f"realclient-{client.name}-"))
        self.repo, self.home = self.top / "repo", self.top / "home"
        self.client, self.model = client, model
        for folder in (self.repo, self.home, self.top / "tmp"):
            folder.mkdir()
        path = [
            *search_path(prefix, client.name),
            str(_SCRIPTS),
            os.environ.get("PATH", os.defpath),
        ]
        self.env = {
            "PATH": os.pathsep.join(path), "HOME": str(self.home), "LANG": "C.UTF-8",
            "TMPDIR": str(self.top / "tmp"), "TERM": "dumb", "SHELL": "/bin/bash", "USER": "agent",
            "HTTP_PROXY": model.url, "HTTPS_PROXY": model.url, "NO_PROXY": "127.0.0.1,localhost",
            "GIT_CONFIG_NOSYSTEM": "1", **client.configure(self.home, model.url),
        }  # fmt: skip
        self._begin()

    def harness_settings(self) -> str:
        """Return what orch.toml says of the client."""
        lines = [f"[harness.{self.client.name}]"]
        for key, value in self.client.overrides().items():
            shown = ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) if isinstance(
                value, dict) else ""  # fmt: skip
            lines.append(f"{key} = " + (f"{{ {shown} }}" if shown else json.dumps(value)))
        return "\n".join(lines) + "\n"

    def _begin(self) -> None:
        (self.repo / "README.md").write_text("# A repository\n")
        (self.repo / "orch.toml").write_text(self.harness_settings())
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "config", "user.name", "person")
        self.run("git", "config", "user.email", "person@localhost")
        self.orch("setup", self.client.name)
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "begin")
        self.orch("run", "init", "--run", "r", "--goal", "prove it", "--repo-path", ".",
                  "--leader", "lead")  # fmt: skip

    def run(self, *argv: str, ok: bool = True) -> str:
        """Run a program in the repository; return what it printed."""
        done = subprocess.run(
            argv, cwd=self.repo, env=self.env, capture_output=True, text=True, timeout=DEADLINE,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if ok and done.returncode:
            raise AssertionError(
                f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def orch(self, *argv: str) -> dict:
        """Run orch; return the data of its answer."""
        return json.loads(self.run("orch", "--json", *argv))["data"]

    def dispatch(self, task: str) -> str:
        """Add a task and dispatch it as code; return its branch."""
        self.orch("task", "add", "--run", "r", "--task", task, "--summary", f"Do {task}",
                  "--default-to", _AGENT)  # fmt: skip
        argv = ("dispatch", "--run", "r", "--task", task, "--execution-mode", "code")
        return self.orch(*argv)["attempt"]["branch_name"]

    def work(
        self, commands: "list[str | tuple[str, dict]]", text: str = "That is all."
    ) -> tuple[dict, Script]:
        """Let the client do one turn of the script; return (the turn, the script as played)."""
        script = self.model.play(commands, text)
        argv = ("work", "--agent", _AGENT, "--harness", self.client.name, "--once")
        return self.orch(*argv)["turns"][-1], script

    def commit(self, name: str, text: str) -> list[str]:
        """Return the commands that write a file and, where the worker commits, commit it."""
        write = f"printf '%s\\n' '{text}' > {name}"
        if self.client.name == "codex":  # Its sandbox cannot: the runner commits.
            return [write]
        return [write, f"git add {name}", f"git commit -q -m 'Add {name}'"]

    def at(self, branch: str, name: str) -> str:
        """Return a file as it is on a branch."""
        return self.run("git", "show", f"{branch}:{name}", ok=False).strip()


def prove(client: Client, prefix: Path, *, keep: bool) -> Result:
    """Run every proof of a client; one that fails does not stop the others."""
    result = Result(client, installed(prefix, client.name, client.package))
    model = Model(toolless=client.name == "aider")
    place = Place(client, prefix, model)
    proofs = (
        (_check, _aider)
        if client.name == "aider"
        else (_check, _done, _nothing, _ask, _mcp, _user, _start, _login)
    )
    try:
        for proof in proofs:
            try:
                proof(place, result)
            except (AssertionError, KeyError, subprocess.TimeoutExpired) as error:
                name = proof.__name__.strip("_")
                result.found[name] = f"no: {str(error)[:1500]}"
        if model.unknown:
            result.found["(asked for)"] = ", ".join(sorted(set(model.unknown)))[:200]
    finally:
        model.close()
        if keep or not result.good:
            result.found["(kept)"] = str(place.top)
        else:
            shutil.rmtree(place.top, ignore_errors=True)
    return result


def _say(result: Result, name: str, good: object, why: object = "") -> None:
    result.found[name] = "yes" if good else f"no: {str(why)[:1500]}"


def _check(place: Place, result: Result) -> None:
    data = place.orch("work", "--check", "--agent", _AGENT, "--harness", place.client.name)
    _say(result, "check", data["version"] == result.version, data)


def _done(place: Place, result: Result) -> None:
    branch = place.dispatch("write")
    turn, script = place.work([_MAIL_TO_ME, *place.commit("hello.txt", "hello"), _DONE])
    wrong = f"{turn}\n{script.results}"
    reported = (turn["outcome"], turn["reported"]) == ("done", "done")
    _say(result, "done", reported and place.at(branch, "hello.txt") == "hello", wrong)
    seen = _seen(script)
    _say(result, "block", seen["block"], "not in what the model was told")
    _say(result, "skill", seen["skill"], "not in what the model was told")
    result.found["hook"] = "-"
    if place.client.hooks == "both":
        _say(result, "hook", seen["hook"], "no mail in what the model was told")


def _user(place: Place, result: Result) -> None:
    place.orch("setup", place.client.name, "--remove")
    place.run("git", "commit", "-q", "-a", "-m", "take it out")
    place.orch("setup", place.client.name, "--user")
    place.dispatch("again")
    turn, script = place.work([_MAIL_TO_ME, *place.commit("again.txt", "again"), _DONE])
    missing = {name for name, found in _seen(script).items() if not found}
    if not place.client.hooks:
        missing.discard("hook")
    _say(result, "user", turn["outcome"] == "done" and not missing, f"{turn['outcome']}, {missing}")


def _seen(script: Script) -> dict[str, bool]:
    """Return what of ours was in the requests of a turn."""
    asked = "\n".join(script.requests)
    return {
        "block": _BLOCK in asked,
        "skill": _SKILL in asked,
        "hook": f"inbox: 1 new message for {_AGENT}" in asked and f"| {_MAIL}" in asked,
    }


def _nothing(place: Place, result: Result) -> None:
    place.dispatch("idle")
    turn, _ = place.work([], "I would rather not.")
    _say(result, "no_change", turn["outcome"] == "no_change", turn)
    attempt = place.orch("continue", "r/idle", "--body", "Please do.")["attempt"]
    turn, script = place.work([*place.commit("late.txt", "late"), "inbox done --summary late"])
    good = turn["outcome"] == "done" and place.at(attempt["branch_name"], "late.txt") == "late"
    _say(result, "continue", good and "Please do." in script.requests[0], turn)


def _ask(place: Place, result: Result) -> None:
    branch = place.dispatch("ask")
    place.model.play(["inbox update --status blocked --body 'Which word?'"], "I wait.")
    argv = ("orch", "--json", "work", "--agent", _AGENT, "--harness", place.client.name, "--once")
    runner = subprocess.Popen(
        argv, cwd=place.repo, env=place.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    try:
        outcome = _ended_turn(place)
        script = place.model.play([*place.commit("word.txt", "blue"), "inbox done --summary blue"])
        place.orch("answer", "--run", "r", "--task", "ask", "--body", "The word is blue.")
        out, _ = runner.communicate(timeout=DEADLINE)
    finally:
        if runner.poll() is None:
            runner.terminate()
            runner.wait(30)
    turn = json.loads(out)["data"]["turns"][-1]
    told = bool(script.requests) and "The word is blue." in script.requests[0]
    done = turn["outcome"] == "done" and place.at(branch, "word.txt") == "blue"
    _say(result, "ask", outcome == "waiting" and told and done, f"{outcome}\n{turn}")
    _say(result, "resumed", script.before > 0, f"{script.before} results of the turn before")


def _ended_turn(place: Place) -> str:
    """Return the outcome of the task's first turn, once it ended."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        turns = place.orch("usage", "--run", "r", "--task", "ask")["turns"]
        if turns and turns[0]["outcome"]:
            return str(turns[0]["outcome"])
        time.sleep(0.3)
    raise AssertionError("the turn with the question did not end")


def _start(place: Place, result: Result) -> None:
    """The sample ticket, from the file to a branch, by one command."""
    policy = (
        '[queue]\nchecks = "none"\n[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n'
    )
    (place.repo / "orch.toml").write_text(place.harness_settings() + policy)
    place.run("git", "commit", "-q", "-a", "-m", "let it land")
    place.model.play([*place.commit("calculator.py", "def add(a, b): return a + b"), _DONE])
    sample = Path(__file__).parents[2] / "examples" / "tickets" / "calculator.yaml"
    found = place.orch("start", str(sample), "--harness", place.client.name, "--foreground",
                       "--target", "landed")  # fmt: skip
    there = place.at("landed", "calculator.py")
    good = found["drive"]["landed"] == ["calculator/TICKET-001"] and there.startswith("def add")
    _say(result, "start", good, found)


def _mcp(place: Place, result: Result) -> None:
    """Report by tools: first a slow command, since a server needs a moment to start."""
    if not place.client.mcp:
        result.found["mcp"] = "-"
        return
    is_user = place.client.mcp == "user"
    place.orch("setup", place.client.name, "--mcp", *(["--user"] if is_user else []))
    settings = place.repo / "orch.toml"
    before = settings.read_text()
    if not is_user:  # A repository's servers need a person's word, or this.
        settings.write_text(before + 'extra = ["--mcp-config", ".mcp.json"]\n')
    place.run("git", "add", "-A")
    place.run("git", "commit", "-q", "--allow-empty", "-m", "tools")
    branch = place.dispatch("tools")
    steps = ["sleep 5", *place.commit("tool.txt", "by tools"), ("show", {}),
             ("done", {"summary": "by tools"})]  # fmt: skip
    turn, script = place.work(steps)
    reported = (turn["outcome"], turn["reported"]) == ("done", "done")
    good = reported and place.at(branch, "tool.txt") == "by tools"
    _say(result, "mcp", good and '\\"ok\\":true' in script.results[-1], f"{turn}\n{script.results}")
    settings.write_text(before)
    place.run("git", "commit", "-q", "-a", "--allow-empty", "-m", "no tools")


def _login(place: Place, result: Result) -> None:
    if place.client.name in _TRIES_LONG:
        result.found["login"] = "-"
        return
    place.dispatch("key")
    place.model.refuses = True
    try:
        turn, _ = place.work([])
    finally:
        place.model.refuses = False
    task = place.orch("task", "show", "r/key")
    waits = task["attempts"][-1]["status"] in ("dispatched", "running")
    _say(result, "login", turn["outcome"] == "limited" and waits, turn)


def _aider(place: Place, result: Result) -> None:
    """Aider runs no commands: the model's text is the edit, and the runner reports."""
    branch = place.dispatch("write")
    turn, script = place.work([], "hello.txt\n```\nhello\n```\n")
    good = turn["outcome"] == "done" and place.at(branch, "hello.txt") == "hello"
    _say(result, "done", good, f"{turn}\n{script.requests[:1]}")
    place.dispatch("idle")
    turn, _ = place.work([], "I would rather not.")
    _say(result, "no_change", turn["outcome"] == "no_change", turn)
