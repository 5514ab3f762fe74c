"""A step as a line of a shell, and back."""

import shlex
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from inbox.steps import say
from schema import steps
from schema.json_text import loads

WORDS = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1)


@given(WORDS)
def test_a_step_is_written_as_shlex_writes_it_and_read_again(argv: list[str]) -> None:
    line = steps.joined(argv)
    assert line == shlex.join(argv)
    assert list(steps.read(line).argv) == argv


def test_a_shell_takes_it() -> None:
    words = ["it's", "$HOME `x`", "", "a b", "ä", "-n"]
    line = steps.joined(["printf", "%s\\n", *words])
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == words


def test_options_are_flags() -> None:
    step = say("claim", agent="w", next=True, thread=None, pool=["a", "b"], lease_seconds=5)
    assert steps.command(step) == (
        "inbox claim --agent w --next --pool a --pool b --lease-seconds 5"
    )
    asked = say("update", agent="w", thread="t", status="blocked", body="QUESTION")
    assert asked.blanks == {"QUESTION": "what you want to know"}
    assert asked.at(("--db", "x y"))[:3] == ("inbox", "--db", "x y")


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
))  # fmt: skip
def test_an_answer_is_read_as_json_reads_it(value: object) -> None:
    import json

    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value, ensure_ascii=False)) == value
