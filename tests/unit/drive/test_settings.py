"""The settings of a driver: one set of built-in values, bounds, near names, precedence."""

import pytest

from orch.config import load
from orch.config.drive_policy import TRIED_AGAIN, DrivePolicy, RetryPolicy, merged
from orch.config.drive_schema import SETTINGS, DriveRetryTable, DriveTable, parsed
from orch.config.model import Config
from schema.failures import Failure


def test_the_table_and_the_policy_have_the_same_settings_with_the_same_values():
    policy = DrivePolicy()
    shown = DriveTable.model_validate({}).model_dump()
    retry = shown.pop("retry")
    assert set(DriveTable.model_fields) == set(DrivePolicy.__slots__)
    assert set(DriveRetryTable.model_fields) == set(RetryPolicy.__slots__)
    assert merged(shown, {"retry": retry}) == policy
    assert policy.workers == 0
    assert policy.harness == ""


def test_each_class_that_is_tried_again_has_a_number():
    numbers = RetryPolicy(**dict.fromkeys(TRIED_AGAIN, 7))
    assert all(numbers.number(cause) == 7 for cause in TRIED_AGAIN)
    assert [numbers.number(one) for one in ("stopped", "rejected", "run", "storm", "")] == [0] * 5


def test_the_flag_counts_before_the_run_before_the_file():
    policy = merged(
        {"at_once": 1, "retry": {"crashed": 0}},
        {"at_once": 2, "workers": 2, "retry": {"crashed": 5, "gone": 5}},
        {"at_once": 3, "workers": 3, "pool": "p", "checks": ["unit"], "retry": {"run": 9}},
    )
    assert (policy.at_once, policy.workers, policy.pool, policy.mode) == (1, 2, "p", "code")
    assert policy.checks == ("unit",)
    assert (policy.retry.crashed, policy.retry.gone, policy.retry.run) == (0, 5, 9)


def test_words_are_read_as_the_file_is():
    words = ["at_once=5", "verify=false", "retry.crashed=0", "retry.first=1.5", "checks=a,b"]
    assert parsed(words) == {
        "at_once": 5, "verify": False, "retry": {"crashed": 0, "first": 1.5}, "checks": ["a", "b"]
    }  # fmt: skip
    assert parsed([]) == {}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("at_onse=5", "at_onse: no such setting; did you mean at_once?"),
        ("crashed=5", "did you mean retry.crashed?"),
        ("at_once", "say KEY=VALUE"),
        ("at_once=none", "at_once: Input should be a valid integer"),
        ("at_once=0", "at_once: Input should be greater than or equal to 1"),
        ("stack=never", "stack: Input should be 'done' or 'landed'"),
        ("harness=a b", "harness: String should match"),
        ("tickets=../x.yaml", "must be a glob below the repository"),
        ("retry.jitter=2", "retry.jitter"),
        ("integrate=-x", "integrate"),
        ("retry=3", "retry: no such setting"),
    ],
)
def test_what_no_setting_means_is_refused_before_anything_starts(word, said):
    with pytest.raises(Failure) as refused:
        parsed([word, "workers=1"])
    assert refused.value.code == "invalid_input"
    assert said in refused.value.message


def test_every_problem_of_the_words_is_named_at_once():
    with pytest.raises(Failure) as refused:
        parsed(["a=1", "b=2", "at_once=0"])
    assert len(refused.value.details["problems"]) == 3


def test_orch_toml_holds_what_is_said_and_names_what_it_does_not_know(tmp_path):
    file = tmp_path / "orch.toml"
    file.write_text('[drive]\nat_once = 5\nharness = "claude"\n[drive.retry]\nrun = 3\n')
    found = load.load(str(tmp_path))
    assert found.drive == {"at_once": 5, "harness": "claude", "retry": {"run": 3}}
    assert Config().drive == {}
    file.write_text("[drive]\nworker = 3\nchecks = ['unit']\n[drive.retry]\nstrom = 1\n")
    with pytest.raises(Failure) as refused:
        load.load(str(tmp_path))
    assert "drive.worker: no such setting; did you mean workers?" in refused.value.message
    assert "drive.retry.strom: no such setting; did you mean retry.storm?" in refused.value.message
    file.write_text("[drive]\nchecks = ['unit']\n")
    with pytest.raises(Failure) as refused:
        load.load(str(tmp_path))
    assert "drive.checks names the unknown check 'unit'" in refused.value.message


def test_every_setting_can_be_said_as_a_word():
    kept = {
        "harness": "claude", "reviewer": "codex", "integrate": "main", "pool": "p", "mode": "code",
        "stack": "done", "review": "never", "checks": "a", "tickets": "t/*",
    }  # fmt: skip
    for name in SETTINGS:
        assert parsed([f"{name}={kept.get(name, '1')}"])
