"""The fingerprint sees what can run programs or redirect, and runs none of it."""

import json
import os

import pytest

from orch.git import config_fingerprint, refs, repository, worktrees
from tests.support.repos import Canaries, Repo, hermetic, plant, spread

KEYS = [
    *("core.hooksPath", "core.fsmonitor", "core.sshCommand", "core.editor", "core.pager"),
    *("core.worktree", "core.attributesFile", "core.excludesFile", "core.gitProxy", "core.askPass"),
    *("core.alternateRefsCommand", "filter.a.clean", "filter.a=b.smudge", "filter.a.process"),
    *("filter.a.required", "merge.m.driver", "merge.default", "diff.d.command", "diff.d.textconv"),
    *("diff.external", "alias.st", "include.path", "includeIf.gitdir:/x.path", "gpg.program"),
    *("url.ext::x.insteadOf", "url.y.pushInsteadOf", "credential.helper", "gpg.ssh.program"),
    *("credential.https://h.helper", "extensions.other", "uploadpack.packObjectsHook"),
    *("remote.o.uploadpack", "remote.o.receivepack", "remote.o.vcs", "remote.o.url", "pager.log"),
    *("sequence.editor", "interactive.diffFilter", "hook.h.command", "gc.recentObjectsHook"),
    *("mergetool.x.cmd", "difftool.x.path", "trailer.t.command", "submodule.s.update"),
    *("protocol.ext.allow", "http.proxy", "safe.directory", "man.x.cmd", "browser.x.cmd"),
    *(
        "commit.template",
        "sendemail.smtpServer",
        "tar.x.command",
        "instaweb.browser",
        "ssh.variant",
    ),
]


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    spread(made)
    return made


@pytest.fixture
def repo(made):
    return repository.open_repository(str(made.path))


def configure(made, key, value):
    made.git("config", "-f", str(made.path / ".git/config"), key, value, cwd=made.path.parent)


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_watched(made, repo, key):
    old = config_fingerprint.fingerprint(repo)
    configure(made, key, "/some/value")
    (changed,) = config_fingerprint.differences(old, config_fingerprint.fingerprint(repo))
    assert changed.name.lower() == f"config:{key}".lower()
    assert (changed.old, changed.new) == (None, "/some/value")
    configure(made, key, "/other")
    assert "'/some/value' -> '/other'" in str(
        config_fingerprint.differences(
            old | {changed.name: "/some/value"}, config_fingerprint.fingerprint(repo)
        )[0]
    )


@pytest.mark.parametrize(
    "key", ["user.name", "branch.main.merge", "core.autocrlf", "color.ui", "pull.rebase"]
)
def test_harmless_keys_are_not(made, repo, key):
    old = config_fingerprint.fingerprint(repo)
    made.git("config", key, "true")
    made.git("branch", "more")
    made.commit("x.txt")
    assert config_fingerprint.differences(old, config_fingerprint.fingerprint(repo)) == ()


def test_files(made, repo):
    common = made.path / ".git"
    old = config_fingerprint.fingerprint(repo)
    (common / "hooks").mkdir(exist_ok=True)
    made.write(".git/hooks/pre-commit", "#!/bin/sh\n")
    made.write(".git/info/attributes", "* filter=x\n")
    made.write(".git/objects/info/alternates", "/elsewhere\n")
    made.write(".git/commondir", "/elsewhere\n")
    os.mkfifo(common / "info" / "grafts")
    os.symlink("/etc/passwd", common / "hooks" / "post-commit")
    new = config_fingerprint.fingerprint(repo)
    assert {d.name for d in config_fingerprint.differences(old, new)} == {
        *("hook:pre-commit", "hook:post-commit", "file:info/attributes", "file:commondir"),
        *("file:objects/info/alternates", "file:info/grafts"),
    }
    assert new["hook:post-commit"] == "link to /etc/passwd"
    assert new["file:info/grafts"] == "special file"
    (common / "hooks/pre-commit").chmod(0o755)
    (changed,) = config_fingerprint.differences(new, config_fingerprint.fingerprint(repo))
    assert "mode 755" in changed.new


def test_a_worktree_has_its_own(made, repo, tmp_path):
    work = worktrees.add_worktree(repo, str(tmp_path / "w"), "w", refs.resolve(repo, "HEAD"))
    old, main = config_fingerprint.fingerprint(work), config_fingerprint.fingerprint(repo)
    made.git("config", "extensions.worktreeConfig", "true")
    made.git("config", "--worktree", "core.fsmonitor", "/evil", cwd=tmp_path / "w")
    (tmp_path / "w/.git").write_text("gitdir: /elsewhere\n")
    with open(os.path.join(work.git_dir, "commondir"), "w") as file:
        file.write("/elsewhere\n")
    names = {
        d.name for d in config_fingerprint.differences(old, config_fingerprint.fingerprint(work))
    }
    assert names == {
        *("config:extensions.worktreeconfig", "worktree:config:core.fsmonitor"),
        *("worktree:.git", "worktree:commondir"),
    }
    assert {
        d.name for d in config_fingerprint.differences(main, config_fingerprint.fingerprint(repo))
    } == {"config:extensions.worktreeconfig"}


def test_included_files_are_followed(made, repo, tmp_path):
    made.git("config", "include.path", str(tmp_path / "inc"))
    old = config_fingerprint.fingerprint(repo)
    (tmp_path / "inc").write_text('[filter "x"]\n\tclean = evil\n')
    (changed,) = config_fingerprint.differences(old, config_fingerprint.fingerprint(repo))
    assert changed == config_fingerprint.Difference("config:filter.x.clean", None, "evil")


def test_secrets_stay_out_but_are_told_apart(made, repo):
    made.git("config", "http.extraHeader", "AUTHORIZATION: basic hunter2")
    made.git("config", "remote.o.url", "https://me:hunter2@host/x")
    made.git("config", "alias.long", "!" + "x" * 5000)
    old = config_fingerprint.fingerprint(repo)
    assert "hunter2" not in json.dumps(old)
    assert len(json.dumps(old)) < 3000
    made.git("config", "http.extraHeader", "AUTHORIZATION: basic hunter3")
    made.git("config", "remote.o.url", "https://me:hunter3@host/x")
    made.git("config", "alias.long", "!" + "x" * 5001)
    assert len(config_fingerprint.differences(old, config_fingerprint.fingerprint(repo))) == 3


def test_a_multiple_value_and_a_bare_key(made, repo):
    made.git("config", "--add", "credential.helper", "one")
    made.git("config", "--add", "credential.helper", "two")
    with (made.path / ".git/config").open("a") as file:
        file.write('[filter "x"]\n\trequired\n')
    values = config_fingerprint.fingerprint(repo)
    assert values["config:credential.helper"] == "one\\ntwo"
    assert values["config:filter.x.required"] == "(set)"


def test_the_user_s_own_configuration_does_not_count(made, repo, tmp_path):
    old = config_fingerprint.fingerprint(repo)
    (tmp_path / "home/.gitconfig").write_text("[alias]\n\tst = status\n")
    assert config_fingerprint.differences(old, config_fingerprint.fingerprint(repo)) == ()


def test_taking_it_in_a_hostile_repository_runs_nothing(made, repo, tmp_path):
    birds = Canaries(tmp_path / "birds")
    old = config_fingerprint.fingerprint(repo)
    plant(made, birds)
    assert len(config_fingerprint.differences(old, config_fingerprint.fingerprint(repo))) > 60
    assert birds.fired == []
