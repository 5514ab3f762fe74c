"""A program that gets SIGTERM at one call inside of it: a real signal at a chosen moment."""

import subprocess
import sys

from tests.support.cli import DEADLINE, Answer, Cli

_STOPPED = """
import os, signal, sys
program, moment, *words = sys.argv[1:]
def look(frame, event, arg):
    where, name = "", frame.f_code.co_name
    if event == "c_return":
        where, name = name + " ", arg.__name__
    if f"{where}{event} {name}" == moment:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGTERM)
sys.argv = [program, *words]
main = __import__(program + ".cli.main", fromlist=["main"]).main
sys.setprofile(look)
main()
"""
PRINTED = "write_out c_return write"  # What the kernel took is out.


def stopped_at(cli: Cli, moment: str, *words: str) -> Answer:
    """Run a command that gets SIGTERM at `moment`: "call say", "return shield", PRINTED."""
    argv = [cli.program, moment, *words]
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED, *argv],
        cwd=cli.cwd,
        env=cli.env,
        capture_output=True,
        timeout=DEADLINE,
    )
    return Answer(argv, done.returncode, done.stdout, done.stderr)
