"""docs/notebook/run.ipynb is a sound notebook and reads what `orch metrics` writes.

Its cells are run on a real run: in a kernel where nbclient is installed, else here, with a
stand-in for matplotlib that takes every call.
"""

import importlib.util
import sys
from pathlib import Path
from unittest.mock import MagicMock

import nbformat
import pytest

from tests.support.queues import Landing
from tests.support.stage import Stage

NOTEBOOK = Path(__file__).resolve().parents[3] / "docs" / "notebook" / "run.ipynb"


@pytest.fixture
def figures(tmp_path: Path, day_stage: Stage[Landing], monkeypatch: pytest.MonkeyPatch) -> Path:
    land = day_stage.restore(monkeypatch)
    path = tmp_path / "figures.csv"
    land.orch.ok("metrics", "--format", "csv", "--out", str(path))
    monkeypatch.setenv("ORCH_METRICS", str(path))
    return path


def test_it_is_a_notebook_without_results_of_anybody() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]


def test_its_cells_run_on_the_figures_of_a_run(
    figures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    if importlib.util.find_spec("nbclient") and importlib.util.find_spec("matplotlib"):
        from nbclient import NotebookClient

        NotebookClient(book, timeout=100).execute()
        return
    plots = MagicMock()
    plots.subplots.side_effect = lambda rows=1, columns=1, **_: (
        MagicMock(), MagicMock() if rows * columns == 1 else [MagicMock()] * (rows * columns),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "matplotlib", MagicMock(pyplot=plots))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", plots)
    space: dict[str, object] = {}
    for cell in book.cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{NOTEBOOK.name}:{cell.id}", "exec"), space)
    assert "5 attempts in 1 runs: r" in capsys.readouterr().out
    assert plots.show.call_count == 3
