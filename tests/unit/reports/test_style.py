"""Colours of pages and pictures: what they say can be read in light and in dark surroundings."""

import pytest

from orch.reports import style


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "which"), [(style._LIGHT, 1), (style._DARK, 2)])
def test_every_status_can_be_read_on_paper_and_in_a_box(scheme: dict[str, str], which: int) -> None:
    """4.5 to 1, as WCAG's AA asks for text."""
    words = {name: colours[which] for name, colours in style.STATUSES.items()}
    for name, colour in {**words, "muted": scheme["muted"], "ink": scheme["ink"]}.items():
        for ground in (scheme["paper"], scheme["box"]):
            dark, bright = sorted((_light(colour), _light(ground)))
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
