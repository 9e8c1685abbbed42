"""Packages that come with an extra of nnlab, and may be missing."""

from __future__ import annotations

from importlib.util import find_spec

from nnlab.errors import NnlabError

EXTRAS = {
    "jinja2": "plot",
    "matplotlib": "plot",
    "PIL": "plot",
    "scipy": "plot",
}


def need(*packages: str) -> None:
    """Raise `NnlabError`, which names the extra, unless these packages are installed."""
    for package in packages:
        if find_spec(package) is None:
            extra = EXTRAS[package]
            raise NnlabError(f"this needs {package}; install it with: pip install 'nnlab[{extra}]'")
