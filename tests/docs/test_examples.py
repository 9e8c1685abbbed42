"""The examples run, and print what the pages say.

A block after `<!-- run -->` is run: a script, the commands after each $ of a session, or Python. One after
`<!-- file NAME -->` is the content of a file. All blocks of a page share a folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(?ms)^<!-- (run|file (\S+)) -->\n```(\w+)\n(.*?)^```$")
PAGES = [
    page for page in [README, *sorted((ROOT / "docs").rglob("*.md"))] if BLOCK.search(page.read_text("utf-8"))
]


def run_script(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script in `folder`, with this nnlab on the path; return what it prints, errors included."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def essence(text: str) -> list[str]:
    """Return the lines of an output without what depends on the machine: figures and numbers of epochs."""
    text = re.sub(r"\b[0-9a-f]{12}\b|[\d.,]*\d(e[+-]\d+)?", "0", text)
    text = re.sub(r"improved$|no improvement$|0 of 0$", "0 of 0", text, flags=re.MULTILINE)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line, _ in groupby(line for line in lines if line not in ("", "…"))]


def assert_prints(shown: str, printed: str) -> None:
    """Assert that the lines on the page are among those printed, in this order."""
    rest = iter(essence(printed))
    for line in essence(shown):
        assert line in rest, f"not printed, or not there: {line}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run_as_they_stand(page: Path, tmp_path: Path) -> None:
    python = ""
    for _, file, language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if file:
            (tmp_path / file).write_text(code, encoding="utf-8")
        elif language == "console":
            for session in re.findall(r"(?ms)^\$ (.*?)(?=^\$ |\Z)", code):
                command, _, shown = session.partition("\n")
                assert_prints(shown, run_script(command, tmp_path).stdout)
        elif language == "python":
            python += code
        else:
            assert language == "sh"
            done = run_script(code, tmp_path)
            assert done.returncode == 0, done.stdout
    if python:
        (tmp_path / "page.py").write_text(python, encoding="utf-8")
        done = run_script("python page.py", tmp_path)
        assert done.returncode == 0, done.stdout


def test_make_train_prints_the_excerpt_of_the_readme(tmp_path: Path) -> None:
    (excerpt,) = re.findall(r"(?s)<!-- excerpt -->\n```text\n(.*?)```", README.read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"(?m)^train: .*\n\t(.*)$", makefile)
    script = recipe.replace("$$", "$").replace("$(PY)", "python").replace("$(SEED)", "0")
    assert_prints(excerpt, run_script(script, tmp_path).stdout)


def test_the_question_which_is_better_has_commands_that_run(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "explanation" / "figures.md").read_text(encoding="utf-8")
    config, script = re.findall(r"(?s)## Which is better\?\n.*?```yaml\n(.*?)```.*?```sh\n(.*?)```", page)[0]
    small = config.replace("epochs: 30", "epochs: 2\ntrain_size: 500\nvalidation_size: 500")
    (tmp_path / "outputs.yaml").write_text(small.replace("seeds: 10", "seeds: 2"), encoding="utf-8")
    shown = run_script(script, tmp_path).stdout
    assert len(re.findall(r"(?m)^(?:sigmoid|softmax) .* 2 .*%$", shown)) == 12, "six settings, two figures"
    sentences = re.findall(r"points\s+(?:better|worse)\s+than|are\s+equal|the\s+same\s+mean", shown)
    assert len(sentences) == 10, "five settings against the best, two figures"


def test_python_that_is_not_run_compiles() -> None:
    for page in PAGES:
        for code in re.findall(r"(?ms)^```python\n(.*?)^```$", page.read_text(encoding="utf-8")):
            compile(code, page.name, "exec")
