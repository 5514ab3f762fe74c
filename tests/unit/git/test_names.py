"""Names: what passes is safe for git and for a shell; the package's lists agree."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.git import names
from orch.git.names import split_typed
from schema.failures import Failure

BAD = [
    *("-x", "--upload-pack=x", "a..b", "a@{1}", "@{-1}", "@{u}", "a:b", "HEAD:a", "a b", ""),
    *("a\nb", "a\0b", "a\x1b[0m", "a\u3000b", "fe\u0301", "ма", "a;b", "$(x)", "`x`", "a|b"),
    *("a'b", 'a"b', "a*", "a?", "a[b", "a\\b", "^a", "~1", ":/fix", "a^{/x}", "a^{commit}"),
    *(".a", "a/.b", "a//b", "/a", "a/", "a.lock", "a.lock/b"),
    *("a/-b", "x" * 2000, "a&b", "a>b", "!a", "{a}"),
]


@pytest.mark.parametrize("name", BAD)
def test_bad_names_are_refused_everywhere(name):
    with pytest.raises(Failure) as typed:
        split_typed(name)
    assert typed.value.code == "invalid_input"
    with pytest.raises(Failure):
        names.require_branch(name)
    with pytest.raises(Failure):
        names.require_ref("refs/heads/" + name if name else "")


@pytest.mark.parametrize("name", ["FETCH_HEAD", "MERGE_HEAD", "ORIG_HEAD", "@", "@~1"])
def test_only_head_is_read_of_the_special_names(name):
    with pytest.raises(Failure):
        split_typed(name)


@pytest.mark.parametrize("name", ["HEAD", "HEAD~1", "main", "v1.0^", "a/b-c_d", "x~2^2", "a@b"])
def test_good_names_pass(name):
    split_typed(name)


def test_steps_are_split_off():
    assert split_typed("main~2^1") == ("main", "~2^1")


@given(st.text(alphabet=st.sampled_from("aZ0._/+@=,%#-~^:?*[\\{}. \x7f\té"), max_size=12))
@settings(max_examples=150, deadline=None)
def test_what_passes_here_passes_git(name):
    if names.ref_fault(name):
        return
    done = subprocess.run(["git", "check-ref-format", "--allow-onelevel", name])
    assert done.returncode == 0


def test_attempt_branch_follows_the_rule():
    assert names.attempt_branch("my_run", "a_task", 3) == "orch/my-run/a_task/attempt-3"
    assert names.salvage_ref("my_run", "t.1", 2) == "refs/orch/salvage/my_run/t.1/2"


@pytest.mark.parametrize(
    ("run", "task", "number"),
    [("-x", "t", 1), ("r", "../t", 1), ("r", "t.lock", 1), ("r", "a..b", 1), ("r", "t", 0)],
)
def test_attempt_names_are_vetted(run, task, number):
    for make in (names.attempt_branch, names.salvage_ref):
        with pytest.raises(Failure):
            make(run, task, number)


def test_display_shows_what_hides():
    assert names.display("a\x1b[31m\u202eb\udcff") == "a\\x1b[31m\\u202eb\\udcff"
    assert names.display("日本 ok") == "日本 ok"
    names.display("\udcff").encode()


def test_redact_takes_credentials_out():
    assert names.redact("https://u:p@h/x ssh://me@h") == "https://***@h/x ssh://***@h"


def test_object_ids():
    assert names.is_oid("a" * 40)
    assert names.is_oid("a" * 64, "sha256")
    for text in ("A" * 40, "a" * 39, "-" + "a" * 39, "a" * 40 + "\n"):
        with pytest.raises(Failure):
            names.require_oid(text)
