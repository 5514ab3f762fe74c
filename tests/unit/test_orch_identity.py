"""Who a process is: a pid alone proves nothing, and what cannot be seen is not called gone."""

import os
import subprocess
import sys

from orch import process_identity


def test_this_process_is_alive() -> None:
    assert process_identity.is_alive(*process_identity.mine())
    assert process_identity.is_gone(*process_identity.mine()) is False


def test_a_reused_pid_is_another_process() -> None:
    pid, start, domain = process_identity.mine()
    assert not process_identity.is_alive(pid, start - 1, domain), (
        "the pid is there, its start differs"
    )
    assert process_identity.is_gone(pid, start - 1, domain) is True


def test_an_ended_process_is_gone_even_before_it_is_reaped() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    who = process_identity.of(child.pid)
    assert process_identity.is_alive(*who)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process_identity.is_alive(*who), "a zombie does no work"
    assert process_identity.is_gone(*who) is True
    child.communicate()
    assert process_identity.is_gone(*who) is True


def test_another_boot_has_ended_everything() -> None:
    pid, start, domain = process_identity.mine()
    other = "0" * 13 + domain[13:]
    assert not process_identity.is_alive(pid, start, other)
    assert process_identity.is_gone(pid, start, other) is True


def test_another_namespace_of_this_boot_cannot_be_seen() -> None:
    pid, start, domain = process_identity.mine()
    other = domain[:-3] + "0]x"
    assert not process_identity.is_alive(pid, start, other)
    assert process_identity.is_gone(pid, start, other) is None


def test_a_name_may_hold_anything() -> None:
    code = "import ctypes; ctypes.CDLL(None).prctl(15, b') Z 1 ('); print(1, flush=True); input()"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert process_identity.is_alive(*process_identity.of(child.pid))
        child.kill()
