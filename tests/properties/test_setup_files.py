"""What setup puts into a file and takes out again leaves the very bytes from before."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from orch.setup import blocks, catalog, hooks

_ENTRIES = catalog.require("claude").hooks()
_PIECES = st.sampled_from(["a", "# T", "\n", "\r\n", "\n\n", " ", "\t", "é", "<!-- x -->", "END"])
_TEXT = st.lists(_PIECES, max_size=12).map(lambda parts: "".join(parts).encode())
_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(
    allow_nan=False, allow_infinity=False)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v),
    max_leaves=8,
)
_OTHERS = st.lists(st.fixed_dictionaries({"hooks": st.just([{"command": "make"}])}), max_size=2)
_EVENTS = st.dictionaries(st.sampled_from(["PostToolUse", "UserPromptSubmit", "Stop"]), _OTHERS)
_SETTINGS = st.tuples(
    st.dictionaries(st.text(max_size=4).filter(lambda k: k != "hooks"), _VALUES, max_size=4),
    st.none() | _EVENTS,
).map(lambda pair: pair[0] if pair[1] is None else {**pair[0], "hooks": pair[1]})
_LAYOUT = st.sampled_from(
    [{}, {"indent": 2}, {"indent": "\t"}, {"indent": 0}, {"separators": (",", ":")},
     {"indent": 4, "ensure_ascii": False}]
)  # fmt: skip
_AROUND = st.tuples(
    st.sampled_from(["", "\ufeff", "\n", " "]), st.sampled_from(["", "\n", " \n\n"])
)


@settings(max_examples=300)
@given(_TEXT, st.sampled_from([b"", b"\xef\xbb\xbf"]), st.text("ab \n", max_size=20))
def test_a_block(content: bytes, bom: bytes, text: str) -> None:
    old = bom + content
    new = blocks.put(old, text + "\n", "1.0")
    assert new.startswith(old)
    found = blocks.find(new)
    assert found is not None and not found.edited and blocks.current(found, text + "\n")
    assert blocks.put(new, text + "\n", "1.0") == new
    assert blocks.take(new) == old
    after = blocks.put(new, "other\n", "1.1")
    assert blocks.take(after) == old


@settings(max_examples=300)
@given(_SETTINGS, _LAYOUT, _AROUND)
def test_entries(document: dict, layout: dict, around: tuple[str, str]) -> None:
    text = around[0] + json.dumps(document, **layout) + around[1]
    old = text.encode("utf-8", "replace")
    new = hooks.put(old, _ENTRIES, False, False)
    merged = json.loads(new.decode("utf-8-sig"))
    for event, entry in _ENTRIES.items():
        theirs = document.get("hooks", {}).get(event, [])
        assert merged["hooks"][event] == [*theirs, entry]
    rest = {key: value for key, value in merged.items() if key != "hooks"}
    known = json.loads(old.decode("utf-8-sig"))
    assert rest == {key: value for key, value in known.items() if key != "hooks"}
    assert hooks.put(new, _ENTRIES, False, False) == new
    assert hooks.take(new, _ENTRIES, False, False) == old
