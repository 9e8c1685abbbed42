"""Every page is reachable, every link resolves, and every name that a page mentions exists."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

from nnlab.config import BASELINES, Experiment

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md")), ROOT / "tests" / "benchmarks" / "README.md"]
KEYS = {*Experiment.model_fields} | {key for model in BASELINES.values() for key in model.model_fields}
# The options of every command by its full name; the page is generated, and another test keeps it current.
COMMANDS = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
OPTIONS = {
    name: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    for name, text in re.findall(r"(?s)## (nnlab.*?)\n\n```text\n(.*?)```", COMMANDS)
}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))


def spans(page: Path) -> list[str]:
    """Return the code within the lines of a page."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]


def shell_lines(page: Path) -> list[str]:
    """Return the code that a reader could type: spans, lines of scripts, and commands after a $."""
    text = page.read_text(encoding="utf-8")
    lines = spans(page)
    for script in re.findall(r"(?ms)^```sh\n(.*?)^```$", text):
        lines += re.sub(r"(?m)(^| )# .*$", "", script).replace("\\\n", " ").splitlines()
    for session in re.findall(r"(?ms)^```console\n(.*?)^```$", text):
        lines += re.findall(r"(?m)^\$ (.*)", session)
    return lines


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the files and anchors that a page links to."""
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(page)))
    targets = [target.partition("#") for target in found if not re.match(r"\w+:", target)]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in targets]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= 900


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), {README}
    while ahead:
        reached |= ahead
        targets = {target for page in ahead if page.suffix == ".md" for target, _ in links(page)}
        ahead = {target for target in targets if target.is_file()} - reached
    assert {*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")} <= reached


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists()
        assert not anchor or anchor in anchors(target)


@each_page
def test_every_command_option_and_key_exists(page: Path) -> None:
    lines = (line.replace("$(", ";") for line in shell_lines(page))
    for words in (typed.split() for line in lines for typed in re.findall(r"\bnnlab ([^|;&>)`]*)", line)):
        name = " ".join(["nnlab", *words[:2]])
        while name not in OPTIONS:
            name = name.rpartition(" ")[0]
        assert name != "nnlab" or words[0].startswith(("-", "…")), f"no command {words[0]}"
        for word in words:
            option, _, _ = word.partition("=")
            if re.fullmatch(r"--[a-z-]+|-[a-z]", option):
                assert option in OPTIONS[name], f"{name} has no {option}"
            if re.match(r"[a-z]\w*(\.\w+)?=", word):
                assert option.partition(".")[0] in KEYS


@each_page
def test_every_target_of_make_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    named = {name for line in shell_lines(page) for name in re.findall(r"^make ([a-z]+)", line)}
    assert named <= targets


def test_every_room_of_the_code_is_on_the_page_of_the_architecture() -> None:
    rooms = {f"nnlab/{path.parent.name}" for path in (ROOT / "nnlab").glob("*/__init__.py")}
    assert rooms <= set(spans(DOCS / "architecture.md"))


@each_page
def test_every_file_and_name_of_the_code_exists(page: Path) -> None:
    for span in spans(page):
        if re.fullmatch(r"(tests|docs|configs|data|nnlab|\.ci)/[\w./-]*(::\w+)?", span):
            path, _, name = span.partition("::")
            assert (ROOT / path).exists(), span
            if name:
                assert re.search(rf"(?m)^ *def {name}\(", (ROOT / path).read_text(encoding="utf-8")), span
        elif re.fullmatch(r"nnlab(\.\w+)+", span):
            pkgutil.resolve_name(span)
