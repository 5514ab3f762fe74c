"""Hostile repositories: every function over every planted program, and none is run."""

import os

import pytest

from orch import git
from schema.failures import Failure
from tests.support.repos import HOOKS, Canaries, Repo, hermetic, plant, spread


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    made.write("in.wt", "w\n")
    made.write("in.inc", "i\n")
    made.write("in.md", "m\n")
    made.write("sig.txt", "s\n")
    spread(made)
    return made


def try_(call, *args, **options):
    """Call; a refusal is fine, a canary is not."""
    try:
        return call(*args, **options)
    except Failure:
        return None


def touch_everything(repo, place, commits):
    """Run every function that starts a git on `repo` and on a worktree of it."""
    start, one, two = commits
    git.status(repo, ignored=True, hidden=True)
    git.head(repo)
    for name in ("HEAD", "main", "main~1", start[:12], "no-such-name"):
        try_(git.resolve, repo, name)
    git.fingerprint(repo)
    git.list_worktrees(repo)
    git.main_checkout(repo)
    git.read_traits(repo, start)
    git.merge_base(repo, one, two)
    git.is_ancestor(repo, start, one)
    git.count_commits(repo, start, one)
    git.list_commits(repo, start, one)
    git.changed_paths(repo, one, two)
    git.diff_text(repo, one, two)
    try_(git.merge_heads, repo, [start, one, two])
    try_(git.merge_heads, repo, [one, start])
    try_(git.find_integration, repo, one, two)
    try_(git.find_integration, repo, start, two)
    git.swap_ref(repo, "refs/orch/x", one, "")
    git.swap_ref(repo, "refs/orch/x", two, one)
    git.swap_ref(repo, "refs/orch/x", "", two)
    work = git.add_worktree(repo, place, "orch/r/t/attempt-1", start)
    git.fingerprint(work)
    for name in ("new.txt", "in.md", "in.inc", "in.wt", "d0/f0.txt"):
        with open(os.path.join(place, name), "w") as file:
            file.write("work\n")
    git.status(work, ignored=True, hidden=True)
    ref = git.salvage_ref("r", "t", 1)
    git.save_salvage(work, ref)
    git.list_salvages(repo)
    git.restore_salvage(repo, ref, place + "-back")
    try_(git.remove_worktree, repo, place)
    git.commit_all(work, "work")
    git.recover_worktree(repo, place, "orch/r/t/attempt-1", start)
    git.remove_worktree(repo, place)
    git.save_salvage(git.linked_worktree(repo, place + "-back"), ref)
    git.remove_worktree(repo, place + "-back", salvage=ref)
    branch = "orch/r/t/attempt-1"
    git.delete_branch(repo, branch, git.read_ref(repo, "refs/heads/" + branch))
    git.open_repository(repo.top)


def make_sides(made):
    start = made.git("rev-parse", "HEAD")
    sides = []
    for number in (1, 2):
        made.git("checkout", "-q", "-b", f"s{number}", start)
        for name in ("in.wt", "in.inc", "in.md", "sig.txt"):
            made.write(name, f"side {number}\n")
        sides.append(made.commit("d0/f0.txt", f"side {number}\n"))
    made.git("checkout", "-q", "main")
    return (start, *sides)


def test_no_canary_sings(made, tmp_path):
    commits = make_sides(made)
    birds = Canaries(tmp_path / "birds")
    plant(made, birds)
    assert len(birds.names) >= 40
    os.utime(made.path / "README", (1, 1))
    made.write("sig.txt", "dirty\n")
    repo = git.open_repository(str(made.path))
    touch_everything(repo, str(tmp_path / "w"), commits)
    assert birds.fired == []


def test_the_canaries_would_sing(made, tmp_path):
    """The same repository under plain git: many fire, so silence above means something."""
    make_sides(made)
    birds = Canaries(tmp_path / "birds")
    plant(made, birds)
    made.write("sig.txt", "dirty\n")
    heard = set()
    for args in (
        ["status"],
        ["diff"],
        ["worktree", "add", "-q", "-b", "w", str(tmp_path / "w")],
        ["add", "-A"],
        ["merge-tree", "--write-tree", "s1", "s2"],
        ["-c", "core.hooksPath=.git/hooks", "commit", "--no-gpg-sign", "-m", "x"],
        ["commit", "-S", "-m", "x"],
        ["fetch", "origin"],
        ["commit"],
    ):
        made.git(*args, ok=False)
        heard |= set(birds.fired)
    kinds = ("fsmonitor", "merge", "process", "transaction", "remote.url")
    assert all(any(kind in name for name in heard) for kind in kinds), sorted(heard)


def test_the_user_s_global_drivers_do_not_run_either(made, tmp_path):
    commits = make_sides(made)
    birds = Canaries(tmp_path / "birds")
    clean = birds.program("global clean", then="cat")
    (tmp_path / "home/.gitconfig").write_text(
        f'[filter "evil"]\n\tclean = {clean}\n\tsmudge = {clean}\n'
        f"[core]\n\tfsmonitor = {birds.program('global fsmonitor')}\n"
        f"\thooksPath = {tmp_path}/hooks\n"
    )
    (tmp_path / "hooks").mkdir()
    for hook in HOOKS:
        os.symlink(birds.program(f"global {hook}"), tmp_path / "hooks" / hook)
    made.write(".git/info/attributes", "*.txt filter=evil\n")
    touch_everything(git.open_repository(str(made.path)), str(tmp_path / "w"), commits)
    assert birds.fired == []


def hostile_twin(tmp_path, birds):
    """Another repository, full of canaries, that ours is redirected to."""
    twin = Repo(tmp_path / "twin")
    spread(twin)
    plant(twin, birds)
    return twin


@pytest.mark.parametrize("swap", ["file", "link"])
def test_a_swapped_git_file_leads_nowhere(made, tmp_path, swap):
    repo = git.open_repository(str(made.path))
    start = git.resolve(repo, "HEAD")
    place = tmp_path / "w"
    work = git.add_worktree(repo, str(place), "w", start)
    birds = Canaries(tmp_path / "birds")
    twin = hostile_twin(tmp_path, birds)
    old, before = git.fingerprint(work), twin.refs()
    os.unlink(place / ".git")
    if swap == "file":
        (place / ".git").write_text(f"gitdir: {twin.path}/.git\n")
    else:
        os.symlink(twin.path / ".git", place / ".git")
    (place / "new.txt").write_text("work\n")
    again = git.linked_worktree(repo, str(place))
    assert again == work
    assert git.status(again).untracked == ("new.txt",)
    assert git.head(again) == git.Head(start, "w")
    assert [d.name for d in git.differences(old, git.fingerprint(again))] == ["worktree:.git"]
    git.save_salvage(again, git.salvage_ref("r", "t", 1))
    commit = git.commit_all(again, "work")
    assert git.read_ref(repo, "refs/heads/w") == commit
    try_(git.remove_worktree, repo, str(place))
    assert (place / "new.txt").exists()
    assert birds.fired == []
    assert twin.refs() == before


@pytest.mark.parametrize("where", ["worktree", "main"])
def test_a_swapped_commondir_is_refused(made, tmp_path, where):
    repo = git.open_repository(str(made.path))
    start = git.resolve(repo, "HEAD")
    work = git.add_worktree(repo, str(tmp_path / "w"), "w", start)
    birds = Canaries(tmp_path / "birds")
    twin = hostile_twin(tmp_path, birds)
    before = twin.refs()
    (tmp_path / "w/new.txt").write_text("work\n")
    target = work if where == "worktree" else repo
    with open(os.path.join(target.git_dir, "commondir"), "w") as file:
        file.write(f"{twin.path}/.git\n")
    ref = git.salvage_ref("r", "t", 1)
    for call in (
        lambda: git.status(target),
        lambda: git.head(target),
        lambda: git.resolve(target, "main"),
        lambda: git.swap_ref(target, "refs/orch/x", start, ""),
        lambda: git.save_salvage(target, ref),
        lambda: git.commit_all(target, "m"),
        lambda: git.merge_heads(target, [start, start]),
    ):
        with pytest.raises(Failure) as failed:
            call()
        assert (failed.value.code, failed.value.reason) == ("refused", "repo_tampered")
        assert failed.value.details["new"] == str(twin.path / ".git")
    assert "commondir" in str(git.differences({}, git.fingerprint(target)))
    if where == "worktree":
        with pytest.raises(Failure):
            git.remove_worktree(repo, str(tmp_path / "w"))
        git.add_worktree(repo, str(tmp_path / "w2"), "w2", start)
    assert (tmp_path / "w/new.txt").exists()
    assert birds.fired == []
    assert twin.refs() == before


def test_a_hostile_submodule_is_not_entered(made, tmp_path):
    sub = Repo(tmp_path / "sub")
    spread(sub)
    made.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(sub.path), "lib")
    start = made.commit("b.txt")
    birds = Canaries(tmp_path / "birds")
    inner = made.path / ".git/modules/lib/config"
    clean, monitor = birds.program("submodule clean", then="cat"), birds.program("sub fsmonitor")
    with inner.open("a") as file:
        file.write(f'[filter "s"]\n\tclean = {clean}\n[core]\n\tfsmonitor = {monitor}\n')
    (made.path / ".git/modules/lib/info").mkdir(exist_ok=True)
    (made.path / ".git/modules/lib/info/attributes").write_text("* filter=s\n")
    made.write("lib/README", "dirty\n")
    made.write(
        ".gitmodules",
        f'[submodule "lib"]\n\tpath = lib\n\turl = ext::{birds.program("gitmodules url")}\n'
        f"\tupdate = !{birds.program('gitmodules update')}\n",
    )
    made.git("config", "submodule.recurse", "true")
    repo = git.open_repository(str(made.path))
    git.status(repo, ignored=True, hidden=True)
    work = git.add_worktree(repo, str(tmp_path / "w"), "w", start)
    git.save_salvage(work, git.salvage_ref("r", "t", 1))
    try_(git.save_salvage, repo, git.salvage_ref("r", "t", 2))
    try_(git.commit_all, work, "m")
    git.remove_worktree(repo, str(tmp_path / "w"))
    assert birds.fired == []


def test_a_partial_clone_fetches_nothing(made, tmp_path):
    birds = Canaries(tmp_path / "birds")
    start = made.git("rev-parse", "HEAD")
    blob = made.git("rev-parse", "HEAD:README")
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": str(tmp_path / "nowhere"),
        "remote.origin.uploadpack": birds.program("upload-pack"),
        "remote.origin.promisor": "true",
    }.items():
        made.git("config", key, value)
    (made.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    repo = git.open_repository(str(made.path))
    with pytest.raises(Failure):
        git.add_worktree(repo, str(tmp_path / "w"), "w", start)
    assert not (tmp_path / "w").exists()
    assert birds.fired == []


@pytest.mark.parametrize("name", ["--output=pwned", "-x", "--upload-pack=touch pwned", "--exec=x"])
def test_options_in_disguise(made, tmp_path, name):
    repo = git.open_repository(str(made.path))
    start = git.resolve(repo, "HEAD")
    made.git("update-ref", f"refs/heads/{name.replace(' ', '')}", start)
    for call in (
        lambda: git.resolve(repo, name),
        lambda: git.add_worktree(repo, str(tmp_path / "w"), name, start),
        lambda: git.add_worktree(repo, str(tmp_path / "w"), "ok", name),
        lambda: git.diff_text(repo, name, start),
        lambda: git.changed_paths(repo, start, name),
        lambda: git.list_commits(repo, name, start),
        lambda: git.count_commits(repo, start, name),
        lambda: git.merge_base(repo, name, start),
        lambda: git.merge_heads(repo, [start, name]),
        lambda: git.tree_id(repo, name),
        lambda: git.delete_branch(repo, name, start),
        lambda: git.swap_ref(repo, f"refs/heads/{name}", start, ""),
        lambda: git.list_refs(repo, name),
        lambda: git.commit_tree(repo, name, [], "m"),
        lambda: git.find_integration(repo, name, start),
        lambda: git.read_traits(repo, name),
    ):
        with pytest.raises(Failure) as failed:
            call()
        assert failed.value.code == "invalid_input"
    git.diff_text(repo, start, start, paths=[name])
    git.status(repo)
    assert not (made.path / "pwned").exists()
