"""The notebook runs, and shows what it says that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def shown(notebook: Any) -> Iterator[str]:  # noqa: ANN401 (nbformat has no types)
    """Yield what the cells of a notebook print or return, as text."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield output["text"] if "text" in output else output["data"]["text/plain"]


def columns(text: str) -> list[str]:
    """Return the names of the columns, if `text` is a table of pandas."""
    first, *rows = text.splitlines()
    return first.split() if rows and rows[0].startswith("0 ") else []


@pytest.mark.filterwarnings("default")  # those of Jupyter are not ours
def test_the_notebook_shows_what_it_shows_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    for variable in ("NNLAB_RUNS", "NNLAB_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)
    kept = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    expected = list(shown(kept))
    NotebookClient(kept, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    # Figures depend on the machine; how many lines there are, and the columns of tables, do not.
    assert [text.count("\n") for text in shown(kept)] == [text.count("\n") for text in expected]
    assert [columns(text) for text in shown(kept)] == [columns(text) for text in expected]
