"""Section 3: artifacts are named as given, described where they can be, kept on request."""

import hashlib
import os
import stat

import pytest

from tests.support.cli import Cli
from tests.support.engines import behind
from tests.support.threads import claimed, log_of, opened

SEND = ("send", "--from", "a", "--to", "b", "--subject", "s")


def sent(inbox: Cli, *words: str) -> list[dict]:
    return inbox.ok(*SEND, *words)["message"]["artifacts"]


def test_a_regular_file_is_described(inbox: Cli) -> None:
    content = os.urandom(3_000_000)
    (inbox.cwd / "f.bin").write_bytes(content)
    (inbox.cwd / "empty").write_bytes(b"")
    first, second = sent(inbox, "--artifact", "./f.bin", "--artifact", "empty")
    assert (first["path"], first["kind"], first["metadata_json"]) == ("./f.bin", "file", {})
    assert first["size"] == len(content)
    assert first["sha256"] == hashlib.sha256(content).hexdigest()
    assert first["copied"] is False
    assert (second["size"], second["sha256"]) == (0, hashlib.sha256(b"").hexdigest())
    assert not (inbox.store.parent / "artifacts").exists()


def test_a_path_need_not_exist_and_is_stored_as_given(inbox: Cli) -> None:
    odd = ("/nowhere/x", "../up", "a b", "http://example.org/x", "ü\n", "-", "~/x")
    found = sent(inbox, *(word for path in odd for word in ("--artifact", path)))
    assert [a["path"] for a in found] == list(odd)
    assert {(a["size"], a["sha256"], a["copied"]) for a in found} == {(None, None, False)}
    inbox.refuse("invalid_input", "value", *SEND, "--artifact", "")


def test_what_is_no_regular_file_is_stored_unhashed_and_never_kept(inbox: Cli) -> None:
    (inbox.cwd / "f").write_text("x")
    os.symlink("f", inbox.cwd / "link")
    os.symlink("nowhere", inbox.cwd / "dangling")
    os.mkfifo(inbox.cwd / "fifo")
    for path in ("link", "dangling", "fifo", ".", "/dev/null"):
        (found,) = sent(inbox, "--artifact", path)
        assert (found["path"], found["size"], found["sha256"]) == (path, None, None)
        before = log_of(inbox)
        words = ("--artifact", path, "--artifact-copy")
        inbox.refuse("invalid_input", "file", *SEND, *words)
        assert log_of(inbox) == before
    inbox.refuse("invalid_input", "file", *SEND, "--artifact", "missing", "--artifact-copy")


A3 = ("--artifact", "a", "--artifact", "b", "--artifact", "c")


def test_kind_and_metadata_once_for_all_or_once_each(inbox: Cli) -> None:
    found = sent(inbox, *A3, "--artifact-kind", "log", "--artifact-metadata-json", '{"n": 1}')
    assert [(a["kind"], a["metadata_json"]) for a in found] == [("log", {"n": 1})] * 3
    kinds = [w for kind in ("x", "y", "z") for w in ("--artifact-kind", kind)]
    metadata = [w for n in (1, 2, 3) for w in ("--artifact-metadata-json", f'{{"n": {n}}}')]
    found = sent(inbox, *A3, *kinds, *metadata)
    assert [(a["kind"], a["metadata_json"]["n"]) for a in found] == [("x", 1), ("y", 2), ("z", 3)]


@pytest.mark.parametrize(
    "words",
    [
        (*A3, "--artifact-kind", "x", "--artifact-kind", "y"),
        (*A3, *(("--artifact-kind", "x") * 4)),
        (*A3, *(("--artifact-metadata-json", "{}") * 2)),
        ("--artifact-kind", "x"),
        ("--artifact-metadata-json", "{}"),
        ("--artifact-copy",),
        ("--artifact", "a", *(("--artifact-kind", "x") * 2)),
    ],
)
def test_any_other_count_is_refused(inbox: Cli, words: tuple) -> None:
    inbox.refuse("invalid_input", "flag", *SEND, *words)
    assert log_of(inbox) == 0


@pytest.mark.parametrize("verb", ["send", "reply", "update", "done", "fail", "cancel"])
def test_every_verb_that_writes_takes_artifacts(inbox: Cli, verb: str) -> None:
    thread, _ = claimed(inbox)
    (inbox.cwd / "f").write_text("kept")
    argv = {
        "send": (*SEND[1:],),
        "reply": ("--from", "lead", "--thread", thread, "--body", "x"),
        "update": ("--agent", "worker-1", "--thread", thread, "--status", "in_progress"),
    }.get(verb, ("--agent", "worker-1", "--thread", thread))
    words = ("--artifact", "f", "--artifact-kind", "log", "--artifact-copy")
    (found,) = inbox.ok(verb, *argv, *words)["message"]["artifacts"]
    assert (found["kind"], found["copied"]) == ("log", True)


def test_kept_bytes_are_content_addressed_and_private(inbox: Cli) -> None:
    (inbox.cwd / "one").write_text("same")
    (inbox.cwd / "two").write_text("same")
    found = sent(inbox, "--artifact", "one", "--artifact", "two", "--artifact-copy")
    digest = hashlib.sha256(b"same").hexdigest()
    assert {a["sha256"] for a in found} == {digest}
    kept = inbox.store.parent / "artifacts" / digest[:2] / digest
    assert kept.read_text() == "same"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for folder in (kept.parent, kept.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p for p in kept.parent.iterdir()] == [kept]  # noqa: C416 - no draft is left


def test_get_writes_kept_bytes_out(inbox: Cli) -> None:
    content = bytes(range(256)) * 5000
    folder = inbox.cwd / "d"
    folder.mkdir()
    (folder / "f.bin").write_bytes(content)
    (found,) = sent(inbox, "--artifact", "d/f.bin", "--artifact-copy")
    (folder / "f.bin").unlink()
    get = ("artifact", "get", found["artifact_id"])
    assert inbox.ok(*get)["out"] == "f.bin"  # Its own name, here.
    assert (inbox.cwd / "f.bin").read_bytes() == content
    assert inbox.ok(*get, "--out", "d/copy")["sha256"] == found["sha256"]
    assert (folder / "copy").read_bytes() == content
    error = inbox.refuse("invalid_input", "file", *get)  # Never replaces a file.
    assert "--out" in error["hint"]
    os.symlink("elsewhere", inbox.cwd / "link")
    inbox.refuse("invalid_input", "file", *get, "--out", "link")
    assert not (inbox.cwd / "elsewhere").exists()
    inbox.refuse("invalid_input", "file", *get, "--out", "missing/x")


def test_get_of_what_is_not_there(inbox: Cli) -> None:
    (inbox.cwd / "f").write_text("x")
    (found,) = sent(inbox, "--artifact", "f")
    get = ("artifact", "get")
    error = inbox.refuse("invalid_state", "unsupported", *get, found["artifact_id"])
    assert "--artifact-copy" in error["hint"]
    inbox.refuse("not_found", "artifact", *get, "art_99")
    inbox.refuse("not_found", "artifact", *get, "99")
    for bad in ("x", "art_", "art_-1", "msg_1", "9" * 30):
        inbox.refuse("invalid_input", "value", *get, bad)


def test_kept_bytes_that_were_damaged_are_not_handed_out(inbox: Cli) -> None:
    (inbox.cwd / "f").write_text("kept")
    (found,) = sent(inbox, "--artifact", "f", "--artifact-copy")
    kept = inbox.store.parent / "artifacts" / found["sha256"][:2] / found["sha256"]
    get = ("artifact", "get", found["artifact_id"], "--out", "copy")
    kept.write_text("evil")
    inbox.refuse("store_error", "corrupt", *get)
    kept.unlink()
    if inbox.url:
        behind(inbox, "DELETE FROM blob")
    inbox.refuse("store_error", "corrupt", *get)
    assert not (inbox.cwd / "copy").exists()


def test_list_is_in_the_order_they_were_sent(inbox: Cli) -> None:
    thread = opened(inbox, "--artifact", "a", "--artifact", "b")
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--artifact", "c")
    opened(inbox, "--artifact", "other")
    data = inbox.ok("artifact", "list", "--thread", thread)
    assert data["thread_id"] == thread
    assert [(a["path"], a["message_id"]) for a in data["artifacts"]] == [
        ("a", "msg_1"),
        ("b", "msg_1"),
        ("c", "msg_2"),
    ]
    text = inbox.say("artifact", "list", "--thread", thread)
    assert text.splitlines()[0] == "3 artifacts"


def test_artifacts_stand_beside_the_store_that_was_named(inbox: Cli, tmp_path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    (inbox.cwd / "f").write_text("x")
    env = {"ORCH_DB": str(place / "s.db")}
    inbox.ok("init", env=env)
    inbox.ok(*SEND, "--artifact", "f", "--artifact-copy", env=env)
    assert (place / "artifacts").is_dir()
    assert not (inbox.store.parent / "artifacts").exists()
