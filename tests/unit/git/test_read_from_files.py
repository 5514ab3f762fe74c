"""What is read without git is what git says; where files tell otherwise, git is asked."""

import os
from pathlib import Path

import pytest

from orch.git import blobs, commits, config_files, discovery, loose, process, refs, repository
from schema.failures import Failure
from tests.support.repos import Repo, hermetic


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    hermetic(monkeypatch, tmp_path / "home")
    repo = Repo(tmp_path / "repo")
    repo.commit("a/b.txt", "b\n")
    return repo


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs that git was started for, as they are."""
    seen: list[str] = []
    real = process.execute

    def _told(args, *rest, **how):
        seen.append(next(a for a in args if not a.startswith("-")))
        return real(args, *rest, **how)

    monkeypatch.setattr(repository, "execute", _told)
    return seen


def _as_git_says(path: str) -> repository.Repository:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "plain_checkout", lambda _: "")
        return repository.open_repository(path)


def test_a_plain_checkout_is_found_as_git_finds_it(made: Repo, calls: list[str]) -> None:
    (made.path / "deep" / "er").mkdir(parents=True)
    for place in (made.path, made.path / "deep" / "er"):
        found = repository.open_repository(str(place))
        assert calls == []
        assert found == _as_git_says(str(place))
        calls.clear()


@pytest.mark.parametrize(
    "unusual",
    [
        "[core]\n\tbare = true\n",
        "[core]\n\tbare\n",
        "[core]\n\tBARE = yes # false\n",
        "[core]\n\tworktree = /\n",
        "[core]\n\trepositoryformatversion = 1\n",
        "[extensions]\n\tobjectFormat = sha1\n",
        "[include]\n\tpath = elsewhere\n",
    ],
)
def test_an_unusual_configuration_is_gits_to_read(made: Repo, unusual: str) -> None:
    with (made.path / ".git" / "config").open("a") as file:
        file.write(unusual)
    assert discovery.plain_checkout(str(made.path)) == ""


def test_what_is_no_folder_of_ours_is_gits_to_judge(made: Repo, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    made.git("worktree", "add", "-q", str(linked))
    bare = Repo(tmp_path / "bare", bare=True)
    inside = made.path / ".git" / "hooks"
    inside.mkdir(exist_ok=True)
    other = Repo(tmp_path / "other", object_format="sha256")
    planted = made.path / "planted"
    Repo(planted, bare=True)
    for place in (linked, bare.path, inside, other.path, planted, tmp_path):
        assert discovery.plain_checkout(str(place)) == "", place
    if os.geteuid() == 0:
        os.chown(made.path / ".git", 12345, 12345)
        assert discovery.plain_checkout(str(made.path)) == ""
        with pytest.raises(Failure, match="dubious ownership"):
            repository.open_repository(str(made.path))


def test_objects_and_files_are_what_git_says_packed_or_not(made: Repo, calls: list[str]) -> None:
    first = made.git("rev-parse", "HEAD")
    made.commit("c.txt")
    repo = repository.open_repository(str(made.path))
    for again in (False, True):
        if again:
            made.git("gc", "-q")
        calls.clear()
        tip = refs.head(repo).commit
        assert tip == made.git("rev-parse", "HEAD")
        assert refs.tree_id(repo, tip) == made.git("rev-parse", "HEAD^{tree}")
        blob = made.git("rev-parse", "HEAD:a/b.txt")
        asked = ["HEAD", "refs/heads/main", "refs/heads/none", tip]
        found = blobs.blob_ids(repo, asked, "a/b.txt")
        assert found == dict.fromkeys(asked, blob) | {"refs/heads/none": ""}
        assert set(blobs.blob_ids(repo, asked, "a/none").values()) == {""}
        assert set(blobs.blob_ids(repo, asked, "a").values()) == {""}, "a folder is no file"
        assert blobs.read_blob(repo, blob, 1) == b"b"
        assert commits.read_commits(repo, [tip])[0].tree == refs.tree_id(repo, tip)
        assert refs.is_ancestor(repo, tip, tip)
        assert refs.is_ancestor(repo, first, tip)
        assert not refs.is_ancestor(repo, tip, first)
        for name in ("HEAD", "main", "refs/heads/main", tip):
            assert refs.resolve(repo, name) == tip
        assert ("rev-parse" in calls) == again, calls


def test_a_damaged_object_is_not_believed(made: Repo) -> None:
    repo = repository.open_repository(str(made.path))
    tip, blob = made.git("rev-parse", "HEAD"), made.git("rev-parse", "HEAD:a/b.txt")
    folder = made.path / ".git" / "objects"
    place = folder / tip[:2] / tip[2:]
    place.chmod(0o644)
    place.write_bytes((folder / blob[:2] / blob[2:]).read_bytes())
    assert loose.read(repo, tip) is None
    with pytest.raises(Failure):
        refs.tree_id(repo, tip)
    os.unlink(place)
    os.mkfifo(place)
    assert loose.read(repo, tip) is None


def test_a_tree_that_is_none_is_gits_to_judge(made: Repo) -> None:
    opened = repository.open_repository(str(made.path))
    junk = made.path.parent / "junk"
    junk.write_bytes(b"100644 b.txt without an end")
    tree = made.git("hash-object", "-w", "-t", "tree", "--literally", str(junk))
    commit = made.git("commit-tree", "-m", "x", made.git("rev-parse", "HEAD^{tree}"))
    held = loose.read(opened, commit)
    assert held is not None
    bad = made.path.parent / "bad"
    bad.write_bytes(held[1].replace(loose.tree_of(opened, commit).encode(), tree.encode()))
    planted = made.git("hash-object", "-w", "-t", "commit", "--literally", str(bad))
    assert loose.blob_at(opened, planted, "a.txt") is None


def test_configuration_is_listed_again_when_a_file_of_it_changed(
    made: Repo, calls: list[str]
) -> None:
    repo = repository.open_repository(str(made.path))
    config = Path(repo.common_dir) / "config"
    assert repository.drivers_off(repo) == ()
    assert calls == []
    plain = config.read_text()
    config.write_text(plain + '[FILTER "x"]\n\tclean = rm\n')
    assert repository.drivers_off(repo) == (("filter.x.clean", ""),)
    assert repository.drivers_off(repo) == (("filter.x.clean", ""),)
    assert calls == ["config"]
    config.write_text(plain)
    assert repository.drivers_off(repo) == ()
    home = Path(os.environ["HOME"]) / ".gitconfig"
    home.write_text('[filter "y"]\n\tsmudge = rm\n')
    assert repository.drivers_off(repo) == (("filter.y.smudge", ""),)
    more = home.with_name("more")
    more.write_text('[filter "z"]\n\tsmudge = rm\n')
    home.write_text(f"[include]\n\tpath = {more}\n")
    assert repository.drivers_off(repo) == (("filter.z.smudge", ""),)
    more.write_text("")
    assert repository.drivers_off(repo) == (), "what is included is asked for each time"


def test_files_that_cannot_be_read_plainly_are_gits(
    made: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = str(made.path / ".git")
    assert config_files.contents(own, own) is not None
    monkeypatch.delenv("HOME")
    assert config_files.contents(own, own) is None
    monkeypatch.setenv("HOME", str(made.path))
    os.mkfifo(made.path / ".gitconfig")
    assert config_files.contents(own, own) is None


def test_a_shallow_history_and_a_name_of_two_things_are_gits(made: Repo) -> None:
    repo = repository.open_repository(str(made.path))
    first, tip = made.git("rev-parse", "HEAD"), made.commit("c.txt")
    assert loose.parents_of(repo, tip) == (first,)
    made.git("tag", "main", first)
    with pytest.raises(Failure, match="ambiguous"):
        refs.resolve(repo, "main")
    made.git("tag", "-a", "-m", "m", "told", tip)
    assert refs.resolve(repo, "told") == tip, "a tag is looked through"
    (made.path / ".git" / "shallow").write_text(tip + "\n")
    assert loose.parents_of(repo, tip) == ()
    assert not refs.is_ancestor(repo, first, tip)
