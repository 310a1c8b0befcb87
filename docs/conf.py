"""How `make docs` builds the book: this repository's Markdown as it is, and the reference from the docstrings.

The source directory is the repository, so that a link means in the book what it means in a checkout. The contents are
the lists of docs/index.md; a page that is in none of them is a warning, and each warning fails the build. What is
written for the book alone (a page for each part of the reference, the list of decision records) is in docs/generated/,
which git ignores.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

REPOSITORY = Path(__file__).parents[1]
DECISIONS = REPOSITORY / "docs/decisions"
GENERATED = REPOSITORY / "docs/generated"
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from support import reference  # noqa: E402  found by the line above

project = "verk_actors"
html_title = project
html_theme = "furo"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "docs/generated/*.rst", "diagrams/*.md"]
exclude_patterns = ["**/.*", "build", "docs/generated/README.md"]
myst_heading_anchors = 4
html_copy_source = False

default_role = "py:obj"  # `Client` in a docstring: a link where there is one of that name, else code
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes are listed once, with their class

LINK = re.compile(r"^- .*?\[[^\]]*\]\(([^)#]+)\)", re.MULTILINE)
INHERITED_FROM_ELSEWHERE = "object, BaseException, Exception, Server, Process, ThreadingActor, Actor, Protocol"


def index_with_contents(text: str) -> str:
    """Return docs/index.md with a table of contents for each of its sections: the pages that it links to, in order."""
    contents = []
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        pages = [link.removesuffix(".md").replace("decisions", "generated/decisions") for link in LINK.findall(body)]
        contents += ["```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", ""]
    return "\n".join([text, *contents])


def reference_with_links(text: str) -> str:
    """Return docs/reference.md with links to the docstrings instead of the files, and the pages that have them."""
    linked = re.sub(r"\[`(\w+)`\]\(\.\./verk_actors/[^)]*\)", r"{py:obj}`~verk_actors.\1`", text)
    return f"{linked}\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(f"generated/{page}" for page in PAGES) + "\n```\n"


def page(title: str, parts: dict[str, list[tuple[str, Any, str]]]) -> str:
    """Return a page of the reference: the names of one module, or of several, each under its own heading."""
    lines = [f"{title}\n{'=' * len(title)}\n"]
    for module, names in parts.items():
        if len(parts) > 1:
            lines.append(f"\n{module}\n{'-' * len(module)}\n")
        lines.append(f"\n.. py:currentmodule:: {module}\n")
        lines += (entry(f"{module}.{name}", *rest) for name, *rest in names)
    return "".join(lines)


def entry(path: str, value: Any, file: str) -> str:
    """Return the directive that documents a public name."""
    if inspect.isclass(value):
        return f"\n.. autoclass:: {path}\n   :members:\n   :inherited-members: {INHERITED_FROM_ELSEWHERE}\n"
    if inspect.isfunction(value):
        return f"\n.. autofunction:: {path}\n"
    text = reference.docstring(path.rpartition(".")[2], value, file).replace("\n", "\n   ")
    return f"\n.. py:data:: {path}\n\n   {text}\n"


def of_modules(*names: str) -> dict[str, list[tuple[str, Any, str]]]:
    """Return the public names of modules, as `reference.of_modules` has those of the package; none of Pykka's."""
    found = {}
    for name in names:
        module = importlib.import_module(name)
        rows = [(public, getattr(module, public), str(module.__file__)) for public in sorted(module.__all__)]
        found[name] = [row for row in rows if "pykka" not in str(getattr(row[1], "__module__", ""))]
    return found


INTEGRATIONS = ["prometheus", "opentelemetry", "sentry", "statsd", "verk_stats"]

PAGES = {
    **{reference.slug(title): (title, {project: rows}) for title, rows in reference.groups().items()},
    "testing": ("Testing", of_modules("verk_actors.testing")),
    "integrations": ("Integrations", of_modules(*(f"verk_actors.integrations.{name}" for name in INTEGRATIONS))),
    "web": ("The dashboard", of_modules("verk_actors.web")),
    "django": ("Django", of_modules("verk_actors.contrib.django")),
    "otp": ("The kernel", of_modules("verk_actors.otp")),
}


def decisions() -> Iterator[str]:
    """Yield the lines of the list of decision records."""
    yield "Decisions\n=========\n\nWhy it is as it is. Records are not edited later: a new one supersedes.\n"
    yield ".. toctree::\n   :glob:\n\n   ../decisions/*\n"


def write(name: str, text: str) -> None:
    """Write a page for the book, if it has changed: Sphinx reads anew what is newer."""
    GENERATED.mkdir(exist_ok=True)
    file = GENERATED / f"{name}.rst"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def read(_: Sphinx, docname: str, source: list[str]) -> None:
    """Change what the book has otherwise than a checkout."""
    text = source[0]
    if docname == "docs/index":
        text = index_with_contents(text)
    elif docname == "docs/reference":
        text = reference_with_links(text)
    source[0] = without_directories(text, (REPOSITORY / docname).parent)


def without_directories(text: str, directory: Path) -> str:
    """Return a page with its links to directories as plain text, as the book has no page for them."""

    def plain(link: re.Match[str]) -> str:
        target = directory / link[2]
        if target == DECISIONS:
            return f"[{link[1]}]({os.path.relpath(GENERATED / 'decisions.rst', directory)})"
        return link[1] if target.is_dir() else link[0]

    return re.sub(r"\[([^\]]*)\]\(([^)#:\s]+)\)", plain, text)


def front_door(app: Sphinx, error: Exception | None) -> None:
    """Have the top of the site lead to the index."""
    if error is None and app.builder.format == "html":
        Path(app.outdir, "index.html").write_text('<meta http-equiv="refresh" content="0; url=docs/index.html">\n')


def setup(app: Sphinx) -> None:
    """Write the generated pages, and have Sphinx call the functions above."""
    for name, parts in PAGES.items():
        write(name, page(*parts))
    write("decisions", "\n".join(decisions()))
    app.connect("source-read", read)
    app.connect("build-finished", front_door)
