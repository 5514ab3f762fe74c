"""The generated pages say what the code says: run `make docs` when this fails."""

import pytest

from tests.references import pages


@pytest.mark.parametrize(
    ("path", "text"), pages().items(), ids=lambda value: getattr(value, "name", "")
)
def test_a_generated_page_is_up_to_date(path, text):
    assert path.read_text(encoding="utf-8") == text, "run: make docs"
