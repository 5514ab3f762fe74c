"""orch submit: a change request becomes one commit of a done attempt, or leaves nothing."""

import json
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support import patches, runs
from tests.support.patches import change, diff, document, write
from tests.support.repos import hermetic
from tests.support.runs import Lead

SHAPE = jsonschema.Draft202012Validator(shapes.schemas()["submit"])
ADD = "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+new\n"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.repo.commit("src/a.txt", "one\ntwo\nthree\n")
    found.repo.commit("src/b.txt", "b\n")
    return found


def submit(lead: Lead, found: object, *flags: str) -> dict:
    data = lead.do("submit", write(lead.home, found), *flags)
    SHAPE.validate(data)
    return data


def refuse(lead: Lead, code: str, reason: str, found: object, *flags: str) -> dict:
    """Submit what has to be refused; nothing may be left of it."""
    before = (lead.leftovers(), [e["event_id"] for e in lead.events()])
    error = lead.refuse(code, reason, "submit", write(lead.home, found), *flags)
    assert (lead.leftovers(), [e["event_id"] for e in lead.events()]) == before
    assert lead.repo.git("status", "--porcelain") == ""
    return error


def problems(lead: Lead, found: object, *flags: str) -> list[str]:
    error = refuse(lead, "invalid_input", "schema", found, *flags)
    return [f"{p['path']}: {p['message']}" for p in error["details"]["problems"]]


def three(lead: Lead) -> list[dict]:
    return [
        diff(lead.repo, "src/a.txt", "one\n2\nthree\n"),
        diff(lead.repo, "src/b.txt", None),
        diff(lead.repo, "docs/new file é.txt", "new\n"),
    ]


def test_a_change_request_is_an_attempt_that_is_done(lead: Lead) -> None:
    lead.task("t")
    done = submit(lead, document("t", *three(lead)))
    assert (done["task"]["status"], done["attempt"]["status"]) == ("done", "done")
    assert done["attempt"]["assigned_to"] == "w1" and done["attempt"]["execution_mode"] == "code"
    base, tip = done["attempt"]["base_commit"], done["commit"]
    branch = done["attempt"]["branch_name"]
    assert lead.repo.git("rev-parse", branch) == tip
    assert lead.repo.git("rev-list", "--parents", "-1", branch).split() == [tip, base]
    assert lead.repo.git("log", "-1", "--format=%an %ae %cn", branch) == "w1 w1@localhost w1"
    names = patches.raw(lead.repo, "diff", "-z", "--name-status", base, tip).split("\0")
    assert names[:-1] == ["A", "docs/new file é.txt", "M", "src/a.txt", "D", "src/b.txt"]
    worktree = Path(done["attempt"]["worktree_path"])
    assert (worktree / "src/a.txt").read_text() == "one\n2\nthree\n"
    attempt = lead.attempts("t")[0]
    assert (attempt["head_commit"], attempt["dirty_files"]) == (tip, 0)
    result = done["message"]
    assert (result["kind"], result["from_agent"]) == ("result", "w1")
    assert result["payload_json"]["changes"][0]["path"] == "src/a.txt"
    assert lead.repo.git("status", "--porcelain") == "" and lead.doctor() == []
    assert lead.do("cleanup", "--all-completed")["cleaned"][0]["proof"]


def test_it_goes_the_road_of_any_attempt_through_its_checks(lead: Lead) -> None:
    lead.config('[check.two]\ncommand = ["grep", "-q", "2", "src/a.txt"]\n'
                '[check.more]\ncommand = ["true"]\n')  # fmt: skip
    lead.task("t", "--required-check", "two")
    done = submit(lead, document("r/t", three(lead)[0], checks=["more"]))
    assert done["task"]["status"] == "verifying"
    assert set(done["task"]["required_checks"]) == {"two", "more"}
    assert lead.verify("t")["task"]["status"] == "done"
    lead.task("u")
    said = problems(lead, document("u", three(lead)[0], checks=["mroe", "more"]))
    assert said == ["checks[0]: orch.toml has no check mroe; did you mean more?"]


def test_dependents_start_from_it(lead: Lead) -> None:
    lead.task("t")
    lead.task("next", "--depends-on", "t")
    done = submit(lead, document("t", three(lead)[0]))
    sent = lead.dispatch("next")
    assert sent["attempt"]["base_commit"] == done["commit"]


def test_a_dry_run_checks_everything_and_writes_nothing_at_all(lead: Lead) -> None:
    lead.task("t")
    found = document("t", *three(lead))
    objects = sorted(str(p) for p in (lead.top / ".git/objects").rglob("*"))
    data = submit(lead, found, "--dry-run")
    assert (data["dry_run"], data["changes"], data["task_id"]) == (True, 3, "t")
    assert sorted(str(p) for p in (lead.top / ".git/objects").rglob("*")) == objects
    assert lead.leftovers() == [] and lead.status_of("t") == "ready"
    wrong = document("t", change("src/a.txt", "update", found["changes"][0]["patch"].replace(
        " three", " drei")))  # fmt: skip
    refuse(lead, "invalid_state", "base_conflict", wrong, "--dry-run")


def test_a_repository_with_a_colon_and_quotes_in_its_path(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hermetic(monkeypatch, tmp_path)
    lead = Lead(tmp_path, empty_store, folder='odd: "place" \\ é')
    lead.run()
    lead.task("t")
    found = document("t", diff(lead.repo, "README", "bye\n"))
    assert submit(lead, found, "--dry-run")["dry_run"] is True
    assert submit(lead, found)["task"]["status"] == "done"


def test_the_same_file_twice_with_a_key_and_without(lead: Lead) -> None:
    lead.task("t")
    lead.task("u")
    path = write(lead.home, document("t", three(lead)[0]))
    done = lead.do("submit", path, "--key", "k")
    again = lead.do("submit", write(lead.home, document("t", three(lead)[0]), "copy"), "--key", "k")
    assert again.pop("replayed") is True and again == done, "a key stands for what it says"
    error = lead.refuse("invalid_state", "transition", "submit", path)
    assert "it is done" in error["message"]
    lead.refuse("key_conflict", "other_arguments", "submit",
                write(lead.home, document("u", three(lead)[0])), "--key", "k")  # fmt: skip
    assert len(lead.attempts("t")) == 1 and lead.attempts("u") == []


def test_every_problem_of_a_document_is_told_at_once(lead: Lead) -> None:
    lead.task("t", "--allowed-path", "src/**", "--blocked-path", "src/b.txt")
    good = three(lead)
    bad_digest = {**good[0], "patch_sha256": "0" * 64}
    found = document(
        "t", bad_digest, good[0], good[1], change("new.txt", "add", ADD),
        change("../x", "add", ADD), change("/etc/passwd", "add", ADD),
        change(".GIT/hooks/x", "add", ADD), change("a/./b", "add", ADD),
        change("src/c.txt", "add", ADD), {"path": "x", "operation": "chmod"}, "no object",
        more=1,
    )  # fmt: skip
    said = problems(lead, found)
    wanted = [
        "changes[0].patch_sha256: does not fit the patch",
        "changes[1].path: src/a.txt is there twice: changes[0]",
        "changes[2].path: src/b.txt is none of the task's files",
        "changes[3].path: new.txt is none of the task's files: it may change src/** but src/b.txt",
        "changes[4].path: is not a path inside the tree",
        "changes[5].path: is not a path inside the tree",
        "changes[6].path: lies in a .git folder",
        "changes[7].path: is not a path inside the tree",
        "changes[8].patch: line 2: +++ b/src/c.txt has to stand here, for add",
        "changes[9].operation: ",
        "changes[9].patch: is missing",
        "changes[9].patch_sha256: is missing",
        "changes[10]: must be an object",
        "more: unknown field",
    ]
    for part in wanted:
        assert any(line.startswith(part) for line in said), (part, said)
    plain = lead.orch.quick("submit", write(lead.home, found), "--run", "r")
    assert plain.status == 30 and "line 3: changes[0]" not in plain.out
    assert plain.err.count("\nline ") == len(said) and "orch submit --schema" in plain.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid JSON"),
        ("[]", "must be an object"),
        ("{", "not valid JSON"),
        ('{"task_id": "t", "task_id": "t"}', "twice"),
        ('{"task_id": "t", "agent": "w1", "changes": []}', "changes: is empty"),
        ('{"task_id": "t/u/v", "agent": "-", "changes": 1}', "changes: must be a list"),
        ('{"task_id": NaN}', ""),
        ("[" * 100 + "]" * 100, ""),
    ],
)
def test_what_is_no_change_request(lead: Lead, text: str, words: str) -> None:
    error = refuse(lead, "invalid_input", "schema", text)
    assert words in error["message"] or "line" in error["message"]


def test_what_cannot_be_read_as_text(lead: Lead) -> None:
    lead.task("t")
    path = lead.home / "change.json"
    path.write_bytes(json.dumps(document("t", three(lead)[0])).encode() + b"\xff")
    lead.refuse("invalid_input", "text", "submit", str(path))
    path.write_text(json.dumps(document("t", change("new.txt", "add", ADD + "x" * 2**20))))
    error = lead.refuse("invalid_input", "file", "submit", str(path))
    assert "1024 KiB" in error["message"]
    assert error["hint"].endswith("orch dispatch R/T --execution-mode code --to AGENT")
    lead.refuse("invalid_input", "file", "submit", str(lead.home / "nowhere"))
    lead.refuse("invalid_input", "flag", "submit")
    half = json.dumps(document("t", change("new.txt", "add", "\ud800")))
    assert any("UTF-8" in line for line in problems(lead, half))
    nul = document("t", change("new.txt", "add", ADD.replace("+new", "+\0")))
    assert any("NUL" in line for line in problems(lead, nul))


def test_standard_input_is_a_file_too(lead: Lead) -> None:
    lead.task("t")
    text = json.dumps(document("t", three(lead)[0])).encode()
    assert lead.do("submit", "-", stdin=text)["task"]["status"] == "done"


def test_patches_that_are_not_taken(lead: Lead) -> None:
    lead.task("t")
    link = ADD.replace("--- ", "diff --git a/new.txt b/new.txt\nnew file mode 120000\n--- ")
    module = link.replace("120000", "160000")
    binary = diff(lead.repo, "new.bin", b"\0\1\2")
    crlf = change("src/a.txt", "update", three(lead)[0]["patch"].replace("\n", "\r\n"))
    second = ADD + "--- /dev/null\n+++ b/other\n@@ -0,0 +1 @@\n+x\n"
    moved = "diff --git a/src/a.txt b/new.txt\nrename from src/a.txt\nrename to new.txt\n"
    said = problems(
        lead,
        document(
            "t", change("l", "add", link.replace("new.txt", "l")),
            change("m", "add", module.replace("new.txt", "m")), binary, crlf,
            change("new.txt", "add", second), change("moved", "add", moved),
        ),
    )  # fmt: skip
    for number, words in enumerate(
        ("a symbolic link", "a submodule", "binary", "CR LF", "one patch, one file", "another file")
    ):
        assert any(f"changes[{number}].patch" in s and words in s for s in said), (words, said)


def test_a_file_with_crlf_lines_is_changed_as_it_is(lead: Lead) -> None:
    lead.repo.git("config", "core.autocrlf", "false")
    lead.repo.commit("dos.txt", "a\r\nb\r\n")
    lead.task("t")
    done = submit(lead, document("t", diff(lead.repo, "dos.txt", b"a\r\nc\r\n")))
    assert patches.raw(lead.repo, "show", f"{done['commit']}:dos.txt") == "a\r\nc\r\n"


def test_links_in_the_tree_lead_nowhere(lead: Lead) -> None:
    (lead.top / "link").symlink_to("src")
    lead.repo.git("add", "link")
    lead.repo.git("commit", "-qm", "link")
    lead.task("t")
    through = change("link/x", "add", ADD.replace("new.txt", "link/x"))
    self = change("link", "delete", "--- a/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-src\n")
    said = problems(lead, document("t", through, self))
    assert said == ["changes[0].path: link is a symbolic link in the tree",
                    "changes[1].path: is a symbolic link in the tree"]  # fmt: skip


def test_what_does_not_fit_the_base_is_refused_with_gits_words(lead: Lead) -> None:
    lead.task("t")
    old = three(lead)
    lead.repo.commit("src/a.txt", "quite\nanother\n")
    there = change("src/b.txt", "add", ADD.replace("new.txt", "src/b.txt"))
    gone = change("gone", "delete", "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
    below = change("README/x", "add", ADD.replace("new.txt", "README/x"))
    folder = change("src", "add", ADD.replace("new.txt", "src"))
    error = refuse(
        lead, "invalid_state", "base_conflict",
        document("t", old[0], there, gone, below, folder, old[2]),
    )  # fmt: skip
    assert "patch failed: src/a.txt" in error["message"]
    reasons = dict(zip(error["details"]["files"], error["details"]["reasons"], strict=True))
    assert set(reasons) == {"src/a.txt", "src/b.txt", "gone", "README/x", "src"}
    base = lead.repo.git("rev-parse", "HEAD~1")
    done = submit(lead, document("t", old[0]), "--base-ref", base)
    assert done["attempt"]["base_commit"] == base


def test_who_may_bring_what(lead: Lead) -> None:
    lead.task("t")
    lead.task("pool", "--default-to", "@crew")
    found = three(lead)
    refuse(lead, "not_found", "task", document("x", found[0]))
    error = refuse(lead, "invalid_state", "transition", document("t", found[0], agent="w2"))
    assert "for w1, not w2" in error["message"]
    assert submit(lead, document("pool", found[2], agent="w7"))["task"]["status"] == "done"
    lead.task("crew", "--default-to", "@crew")
    sent = lead.dispatch("crew", mode="analysis")
    brought = document("crew", found[0], agent="w7")
    error = refuse(lead, "invalid_state", "transition", brought)
    claim = f"inbox claim --agent w7 --thread {runs.thread(sent)}"
    assert error["hint"] == f"claim it first: {claim}"
    lead.inbox.ok(*claim.split()[1:], "--pool", "crew")
    assert submit(lead, brought)["attempt"]["attempt_no"] == 2
    lead.task("later", "--depends-on", "t")
    refuse(lead, "invalid_state", "not_ready", document("later", found[0]))
    lead.do("run", "close", "--force")
    refuse(lead, "invalid_state", "closed", document("t", found[0]))


def test_an_attempt_without_a_worktree_ends_in_a_change_request(lead: Lead) -> None:
    """A developer was told in analysis mode, and brings patches: its thread is superseded."""
    lead.task("t")
    sent = lead.dispatch("t", mode="analysis")
    lead.claim(sent)
    lead.do("reconcile")
    error = refuse(lead, "invalid_state", "transition",
                   document("t", three(lead)[0], agent="w2"))  # fmt: skip
    assert "w1 works on it, not w2" in error["message"]
    done = submit(lead, document("t", three(lead)[0]))
    assert (done["task"]["status"], done["attempt"]["attempt_no"]) == ("done", 2)
    old = lead.inbox.ok("show", "--thread", runs.thread(sent))["thread"]
    assert old["status"] == "cancelled"
    assert lead.doctor() == []


def test_a_failed_task_is_opened_again_first(lead: Lead) -> None:
    lead.config('[check.no]\ncommand = ["false"]\n')
    lead.task("t", "--required-check", "no")
    submit(lead, document("t", three(lead)[0]))
    assert lead.verify("t")["task"]["status"] == "failed"
    error = refuse(lead, "invalid_state", "transition", document("t", three(lead)[0]))
    assert error["hint"].endswith("orch retry r/t")
    lead.do("retry", "--task", "t")
    assert submit(lead, document("t", three(lead)[0]))["attempt"]["attempt_no"] == 3


def test_no_hook_and_no_users_setting_has_a_say(lead: Lead) -> None:
    sign = lead.home / "ran"
    lead.repo.git("config", "apply.whitespace", "fix")
    hook = lead.top / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {sign}\n")
    hook.chmod(0o755)
    lead.task("t")
    patch = "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+two  \t \n three\n"
    done = submit(lead, document("t", change("src/a.txt", "update", patch)))
    assert not sign.exists()
    shown = patches.raw(lead.repo, "cat-file", "blob", f"{done['commit']}:src/a.txt")
    assert shown == "one\ntwo  \t \nthree\n"


def test_the_schema_is_published_and_is_what_is_enforced(lead: Lead) -> None:
    data = lead.orch.ok("submit", "--schema")
    SHAPE.validate(data)
    assert json.loads(data["text"]) == data["schema"]
    assert json.loads(lead.orch.say("submit", "--schema")) == data["schema"]
    validator = jsonschema.Draft202012Validator(data["schema"])
    good = document("r/t", *three(lead), checks=["unit"])
    validator.validate(good)
    for wrong in (
        {**good, "more": 1}, {**good, "changes": []}, {**good, "agent": "-x"},
        {**good, "task_id": "a/b/c"}, {**good, "changes": [{**good["changes"][0], "path": "../x"}]},
        {**good, "changes": [{**good["changes"][0], "path": "/x"}]},
        {**good, "changes": [{**good["changes"][0], "patch_sha256": "x"}]},
    ):  # fmt: skip
        assert not validator.is_valid(wrong)


def test_plain_says_what_happened_and_what_is_next(lead: Lead) -> None:
    lead.task("t")
    path = write(lead.home, document("t", three(lead)[0]))
    lines = lead.orch.say("submit", path, "--run", "r", "--dry-run").splitlines()
    assert lines[0].startswith("nothing was changed; 1 file for r/t by w1 apply")
    lines = lead.orch.say("submit", path, "--run", "r").splitlines()
    assert lines[0].startswith("submitted 1 file for r/t: attempt 1, commit ")
    assert lines[-1] == "next: orch task show r/t"
