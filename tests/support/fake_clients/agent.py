"""An agent's program for tests: does what its arguments say, in order, as a client would say it.

`python agent.py [--format claude|codex|gemini|copilot|opencode] ACTION...`. Actions:

    commit=NAME     write a file and commit it             write=NAME   write a file only
    done fail       inbox done / inbox fail                ask=TEXT     a question through inbox
    ok error=TEXT   the client's final event               say=TEXT     a line on stdout
    exit=N          exit status                            hang         sleep for ever
    deaf            ignore SIGTERM and SIGINT from here on
    fork            leave a child in a session of its own, its pid in child.pid
    deliver=FILE    inbox done --validate with a file; hand-in=FILE: unchecked
    flood=MIB       that much output                       touch=PATH   make a file, as a sign
    env             print the environment's names          brief        print what it was told
    chatter=PATH    numbered lines until that file is there
    until=PATH      wait for a file                        echo=NAME    print a variable's value
    push            orch push
    usage           a final event with tokens and cost     session=ID   say the session's id
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FINAL = {
    "claude": lambda ok, text: {
        "type": "result", "subtype": "success", "is_error": not ok, "result": text,
        "session_id": "sess-claude", "total_cost_usd": 0.25,
        "usage": {"input_tokens": 100, "cache_read_input_tokens": 20, "output_tokens": 30},
    },
    "codex": lambda ok, text: (
        {"type": "turn.completed", "usage": {"input_tokens": 100, "output_tokens": 30}}
        if ok else {"type": "turn.failed", "error": {"message": text}}
    ),
    "gemini": lambda ok, text: {
        "type": "result", "status": "success" if ok else "error",
        **({} if ok else {"error": {"message": text}}),
        "stats": {"input_tokens": 100, "output_tokens": 30},
    },
    "copilot": lambda ok, text: {"type": "result", "exitCode": 0 if ok else 1},
    "opencode": lambda ok, text: (
        {"type": "step_finish", "sessionID": "ses_1", "part": {
            "reason": "stop", "cost": 0.5, "tokens": {"input": 100, "output": 30}}}
        if ok else {"type": "error", "error": {"data": {"message": text}}}
    ),
}  # fmt: skip


def say(text: str) -> None:
    print(text, flush=True)


def inbox(*words: str) -> None:
    done = subprocess.run(["inbox", *words], capture_output=True, text=True, check=False)
    say(f"inbox {words[0]} -> {done.returncode} {done.stdout.strip()} {done.stderr.strip()}")


def commit(name: str) -> None:
    Path(name).write_text(f"{name}\n")
    subprocess.run(["git", "add", name], check=True)
    subprocess.run(["git", "commit", "-qm", f"write {name}"], check=True)


def fork() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        start_new_session=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    Path("child.pid").write_text(str(child.pid))


def flood(mib: int) -> None:
    line = ("x" * 98 + "\n").encode() * 10_000
    for number in range(mib):
        sys.stdout.buffer.write(b"FLOOD %d\n" % number + line)
    sys.stdout.buffer.flush()


def chatter(path: str) -> None:
    number = 0
    while not os.path.exists(path):
        say(f"LINE {number} " + "." * 200)
        number += 1
    say(f"LINES {number}")


def wait_for(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.02)


def act(kind: str, word: str) -> None:
    verb, _, rest = word.partition("=")
    if verb == "exit":
        sys.stdout.flush()
        os._exit(int(rest))
    elif verb == "deaf":
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    elif verb == "hang":
        time.sleep(600)
    elif verb in ("ok", "usage"):
        say(json.dumps(FINAL[kind](True, rest or "all well")))
    elif verb == "error":
        say(json.dumps(FINAL[kind](False, rest)))
    elif verb == "session":
        say(json.dumps({"type": "system", "subtype": "init", "session_id": rest}))
    elif verb in ("done", "fail"):
        inbox(verb, "--summary", rest or f"agent says {verb}")
    elif verb in ("deliver", "hand-in"):
        checked = ("--validate",) if verb == "deliver" else ()
        inbox("done", *checked, "--summary", "the plan", "--body-file", rest)
    elif verb == "push":
        say(f"orch push -> {subprocess.run(['orch', 'push'], check=False).returncode}")
    elif verb == "ask":
        inbox("update", "--status", "blocked", "--body", rest)
    elif verb == "env":
        say("NAMES " + " ".join(sorted(os.environ)))
    elif verb == "brief":
        say("BRIEF " + sys.stdin.read().replace("\n", " / "))
    else:
        {"commit": commit, "say": say, "touch": lambda p: Path(p).touch(), "until": wait_for,
         "write": lambda n: Path(n).write_text("draft\n"), "fork": lambda _: fork(),
         "chatter": chatter, "flood": lambda n: flood(int(n)),
         "echo": lambda n: say(os.environ.get(n, "")),
         }[verb](rest)  # fmt: skip


def main(words: list[str]) -> None:
    kind = "claude"
    if words[:1] == ["--format"]:
        kind, words = words[1], words[2:]
    if "--version" in words:
        say(f"fake {os.environ.get('FAKE_VERSION', '2.5.0')}")
        return
    for word in words:
        act(kind, word)


if __name__ == "__main__":
    main(sys.argv[1:])
