"""The reader of patches: takes what git writes for one file, and nothing that touches another."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orch.submissions.model import path_fault
from orch.submissions.patch import fault

UPDATE = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
GIT = "diff --git a/f b/f\nindex 1111111..2222222 100644\n"
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0\n", exclude_categories=("C", "Z")),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(
    ("patch", "operation"),
    [
        (UPDATE, "update"),
        (GIT + UPDATE, "update"),
        (UPDATE.replace("a/f", "a/f\t2024-01-01 00:00:00"), "update"),
        (UPDATE.removesuffix("\n") + "\n\\ No newline at end of file\n", "update"),
        (UPDATE + "@@ -9 +9 @@ def f():\n---\n+++ b/other\n", "update"),
        ("diff --git a/f b/f\nold mode 100644\nnew mode 100755\n", "update"),
        ("diff --git a/f b/f\nnew file mode 100644\nindex 0000000..e69de29\n", "add"),
        ("diff --git a/f b/f\ndeleted file mode 100644\nindex e69de29..0000000\n", "delete"),
        ("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\r\n", "add"),
    ],
)
def test_what_git_is_given(patch: str, operation: str) -> None:
    assert fault(patch, "f", operation) == ""


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("hello\n", "line 1: a patch begins with"),
        ("From 1234 Mon Sep\n" + GIT + UPDATE, "line 1: a patch begins with"),
        (GIT, "no change of a file"),
        ("--- a/f\n+++ b/f\n", "a hunk (@@ …) has to follow"),
        (UPDATE.replace("+c\n", ""), "ends too early"),
        (UPDATE.replace("+c\n", "*c\n"), "does not fit the counts"),
        (UPDATE + "+d\n", "one patch, one file"),
        (UPDATE + UPDATE.replace("/f", "/g"), "one patch, one file"),
        (UPDATE.replace("a/f", "a/g"), "--- a/f has to stand here"),
        (UPDATE.replace("b/f", "/dev/null"), "+++ b/f has to stand here"),
        (UPDATE.replace("a/f", "f"), "--- a/f has to stand here"),
        (GIT.replace("b/f", "b/g") + UPDATE, "another file than f"),
        (GIT.replace("100644", "120000") + UPDATE, "a symbolic link"),
        (GIT.replace("100644", "160000") + UPDATE, "a submodule"),
        (GIT.replace("100644", "040000") + UPDATE, "only files are taken"),
        (GIT + "rename from f\nrename to g\n", "said as add and delete"),
        (GIT + "GIT binary patch\nliteral 1\n", "binary"),
        (GIT + "Binary files a/f and b/f differ\n", "binary"),
        (GIT + "new file mode 100644\n" + UPDATE, "does not fit the operation update"),
        (GIT + "deleted file mode 100644\n" + UPDATE, "does not fit the operation update"),
        (GIT + "strange: header\n" + UPDATE, "not a header of a patch"),
        (UPDATE.replace("\n", "\r\n"), "CR LF"),
    ],
)
def test_what_git_is_not_given(patch: str, words: str) -> None:
    assert words in fault(patch, "f", "update")


@pytest.mark.parametrize(
    "path", ["", "/x", "../x", "a/../b", "a//b", "a/", "./a", "a/.git/x", ".GIT", "x/.git. ",
             "git~1/x", "a\nb", "a\0b", "a\x7f", "x" * 256, "a\u202eb"],
)  # fmt: skip
def test_no_path_of_the_tree(path: str) -> None:
    assert path_fault(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("patches")
    subprocess.run(["git", "init", "-q"], cwd=path, check=True)
    return path


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, old=st.lists(LINES, min_size=1, max_size=6), new=st.lists(LINES, max_size=6))
def test_whatever_git_writes_for_a_file_is_taken(
    folder: Path, name: str, old: list[str], new: list[str]
) -> None:
    """Also with names that git quotes, and lines that look like headers."""
    if path_fault(name):
        return
    before, after = "".join(f"--- {line}\n" for line in old), "\n".join(new)

    def _git(*words: str) -> str:
        done = subprocess.run(
            ["git", "--literal-pathspecs", *words], cwd=folder, capture_output=True, check=True
        )
        return done.stdout.decode()

    (folder / name).write_bytes(before.encode())
    _git("add", "--", name)
    (folder / name).write_bytes(after.encode())
    patch = _git("diff", "--text", "--", name)
    (folder / name).unlink()
    _git("rm", "-q", "--cached", "--", name)
    assert (fault(patch, name, "update") == "") is (before != after), patch
