"""A command about a run takes its name with the flag and without it."""

from pathlib import Path

import pytest

from tests.support import runs


def test_each_takes_both(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orch = runs.lead(tmp_path, empty_store, monkeypatch).orch
    for verb in ("pause", "resume", "close", "reopen", "show"):
        assert orch.ok("run", verb, "r")["run"]["run_id"] == "r"
        if verb in ("close", "reopen"):
            orch.ok("run", "reopen" if verb == "close" else "close", "--run", "r")
        else:
            orch.ok("run", verb, "--run", "r")
        if verb == "close":
            orch.ok("run", "close", "--run", "r")
    orch.ok("run", "reopen", "r")
    assert orch.ok("run", "set", "--run", "r", "at_once=2")["drive"]["settings"] == {"at_once": 2}
    for words in (("close", "r", "--run", "r"), ("set", "r", "--run", "r", "at_once=2")):
        orch.refuse("invalid_input", "flag" if "close" in words else "value", "run", *words)
