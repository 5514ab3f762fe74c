"""Hostile repositories: every function over every planted program, and none is run."""

import os

import pytest

from orch.git import (
    attributes,
    changes,
    config_fingerprint,
    merges,
    names,
    proofs,
    refs,
    removing,
    repository,
    restoring,
    salvage,
    worktrees,
)
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
    changes.status(repo, ignored=True, hidden=True)
    refs.head(repo)
    for name in ("HEAD", "main", "main~1", start[:12], "no-such-name"):
        try_(refs.resolve, repo, name)
    config_fingerprint.fingerprint(repo)
    worktrees.list_worktrees(repo)
    worktrees.main_checkout(repo)
    attributes.read_traits(repo, start)
    refs.merge_base(repo, one, two)
    refs.is_ancestor(repo, start, one)
    refs.count_commits(repo, start, one)
    refs.list_commits(repo, start, one)
    merges.changed_paths(repo, one, two)
    merges.diff_text(repo, one, two)
    try_(merges.merge_heads, repo, [start, one, two])
    try_(merges.merge_heads, repo, [one, start])
    try_(proofs.find_integration, repo, one, two)
    try_(proofs.find_integration, repo, start, two)
    refs.swap_ref(repo, "refs/orch/x", one, "")
    refs.swap_ref(repo, "refs/orch/x", two, one)
    refs.swap_ref(repo, "refs/orch/x", "", two)
    work = worktrees.add_worktree(repo, place, "orch/r/t/attempt-1", start)
    config_fingerprint.fingerprint(work)
    for name in ("new.txt", "in.md", "in.inc", "in.wt", "d0/f0.txt"):
        with open(os.path.join(place, name), "w") as file:
            file.write("work\n")
    changes.status(work, ignored=True, hidden=True)
    ref = names.salvage_ref("r", "t", 1)
    salvage.save_salvage(work, ref)
    salvage.list_salvages(repo)
    restoring.restore_salvage(repo, ref, place + "-back")
    try_(removing.remove_worktree, repo, place)
    salvage.commit_all(work, "work")
    worktrees.recover_worktree(repo, place, "orch/r/t/attempt-1", start)
    removing.remove_worktree(repo, place)
    salvage.save_salvage(repository.linked_worktree(repo, place + "-back"), ref)
    removing.remove_worktree(repo, place + "-back", salvage=ref)
    branch = "orch/r/t/attempt-1"
    worktrees.delete_branch(repo, branch, refs.read_ref(repo, "refs/heads/" + branch))
    repository.open_repository(repo.top)


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
    repo = repository.open_repository(str(made.path))
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
    touch_everything(repository.open_repository(str(made.path)), str(tmp_path / "w"), commits)
    assert birds.fired == []


def hostile_twin(tmp_path, birds):
    """Another repository, full of canaries, that ours is redirected to."""
    twin = Repo(tmp_path / "twin")
    spread(twin)
    plant(twin, birds)
    return twin


@pytest.mark.parametrize("swap", ["file", "link"])
def test_a_swapped_git_file_leads_nowhere(made, tmp_path, swap):
    repo = repository.open_repository(str(made.path))
    start = refs.resolve(repo, "HEAD")
    place = tmp_path / "w"
    work = worktrees.add_worktree(repo, str(place), "w", start)
    birds = Canaries(tmp_path / "birds")
    twin = hostile_twin(tmp_path, birds)
    old, before = config_fingerprint.fingerprint(work), twin.refs()
    os.unlink(place / ".git")
    if swap == "file":
        (place / ".git").write_text(f"gitdir: {twin.path}/.git\n")
    else:
        os.symlink(twin.path / ".git", place / ".git")
    (place / "new.txt").write_text("work\n")
    again = repository.linked_worktree(repo, str(place))
    assert again == work
    assert changes.status(again).untracked == ("new.txt",)
    assert refs.head(again) == refs.Head(start, "w")
    assert [
        d.name for d in config_fingerprint.differences(old, config_fingerprint.fingerprint(again))
    ] == ["worktree:.git"]
    salvage.save_salvage(again, names.salvage_ref("r", "t", 1))
    commit = salvage.commit_all(again, "work")
    assert refs.read_ref(repo, "refs/heads/w") == commit
    try_(removing.remove_worktree, repo, str(place))
    # A file is put back, and the committed work goes with its worktree; a link is not followed.
    assert (place / "new.txt").exists() is (swap != "file")
    assert refs.read_ref(repo, "refs/heads/w") == commit
    assert birds.fired == []
    assert twin.refs() == before


@pytest.mark.parametrize("where", ["worktree", "main"])
def test_a_swapped_commondir_is_refused(made, tmp_path, where):
    repo = repository.open_repository(str(made.path))
    start = refs.resolve(repo, "HEAD")
    work = worktrees.add_worktree(repo, str(tmp_path / "w"), "w", start)
    birds = Canaries(tmp_path / "birds")
    twin = hostile_twin(tmp_path, birds)
    before = twin.refs()
    (tmp_path / "w/new.txt").write_text("work\n")
    target = work if where == "worktree" else repo
    with open(os.path.join(target.git_dir, "commondir"), "w") as file:
        file.write(f"{twin.path}/.git\n")
    ref = names.salvage_ref("r", "t", 1)
    for call in (
        lambda: changes.status(target),
        lambda: refs.head(target),
        lambda: refs.resolve(target, "main"),
        lambda: refs.swap_ref(target, "refs/orch/x", start, ""),
        lambda: salvage.save_salvage(target, ref),
        lambda: salvage.commit_all(target, "m"),
        lambda: merges.merge_heads(target, [start, start]),
    ):
        with pytest.raises(Failure) as failed:
            call()
        assert (failed.value.code, failed.value.reason) == ("refused", "repo_tampered")
        assert failed.value.details["new"] == str(twin.path / ".git")
    assert "commondir" in str(
        config_fingerprint.differences({}, config_fingerprint.fingerprint(target))
    )
    if where == "worktree":
        with pytest.raises(Failure):
            removing.remove_worktree(repo, str(tmp_path / "w"))
        worktrees.add_worktree(repo, str(tmp_path / "w2"), "w2", start)
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
    repo = repository.open_repository(str(made.path))
    changes.status(repo, ignored=True, hidden=True)
    work = worktrees.add_worktree(repo, str(tmp_path / "w"), "w", start)
    salvage.save_salvage(work, names.salvage_ref("r", "t", 1))
    try_(salvage.save_salvage, repo, names.salvage_ref("r", "t", 2))
    try_(salvage.commit_all, work, "m")
    removing.remove_worktree(repo, str(tmp_path / "w"))
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
    repo = repository.open_repository(str(made.path))
    with pytest.raises(Failure):
        worktrees.add_worktree(repo, str(tmp_path / "w"), "w", start)
    assert not (tmp_path / "w").exists()
    assert birds.fired == []


@pytest.mark.parametrize("name", ["--output=pwned", "-x", "--upload-pack=touch pwned", "--exec=x"])
def test_options_in_disguise(made, tmp_path, name):
    repo = repository.open_repository(str(made.path))
    start = refs.resolve(repo, "HEAD")
    made.git("update-ref", f"refs/heads/{name.replace(' ', '')}", start)
    for call in (
        lambda: refs.resolve(repo, name),
        lambda: worktrees.add_worktree(repo, str(tmp_path / "w"), name, start),
        lambda: worktrees.add_worktree(repo, str(tmp_path / "w"), "ok", name),
        lambda: merges.diff_text(repo, name, start),
        lambda: merges.changed_paths(repo, start, name),
        lambda: refs.list_commits(repo, name, start),
        lambda: refs.count_commits(repo, start, name),
        lambda: refs.merge_base(repo, name, start),
        lambda: merges.merge_heads(repo, [start, name]),
        lambda: refs.tree_id(repo, name),
        lambda: worktrees.delete_branch(repo, name, start),
        lambda: refs.swap_ref(repo, f"refs/heads/{name}", start, ""),
        lambda: refs.list_refs(repo, name),
        lambda: merges.commit_tree(repo, name, [], "m"),
        lambda: proofs.find_integration(repo, name, start),
        lambda: attributes.read_traits(repo, name),
    ):
        with pytest.raises(Failure) as failed:
            call()
        assert failed.value.code == "invalid_input"
    merges.diff_text(repo, start, start, paths=[name])
    changes.status(repo)
    assert not (made.path / "pwned").exists()
