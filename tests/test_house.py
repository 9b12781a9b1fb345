"""The rules of the building: what may import what, and what no file may hold."""

import ast
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
# From the roof down; an arrow may go to any storey below, never up.
STOREYS = ["cluster_portal.front", "events", "forums", "members", "cluster_portal.shared"]
ROOMS = ["cluster_portal", "members", "forums", "events"]


def python_files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))]


def files(folder: str, *suffixes: str) -> list[Path]:
    return [p for p in sorted((HOUSE / folder).rglob("*")) if p.suffix in suffixes]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts)


def storey(name: str) -> int | None:
    """Return the number of the storey that the module `name` lies on; None for the wiring."""
    for number, prefix in enumerate(STOREYS):
        if name == prefix or name.startswith(prefix + "."):
            return number
    return None


def imports(tree: ast.AST) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return found


def test_imports_climb_nowhere():
    wrong = []
    for path in python_files():
        here = storey(module_name(path))
        if here is None:
            continue
        for name, line in imports(ast.parse(path.read_text())):
            there = storey(name)
            if there is not None and there < here:
                wrong.append(f"{path.relative_to(HOUSE)}:{line} imports {name}")
    assert wrong == []


def test_storeys_are_told_apart():
    assert storey("cluster_portal.shared.policy") == 4
    assert storey("forums.desk") == 2
    assert storey("cluster_portal.settings") is None
    assert imports(ast.parse("from events import models")) == [("events.models", 1)]


def test_no_import_hides_in_a_function():
    wrong = [
        f"{path.relative_to(HOUSE)}:{inner.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_no_room_for_odds_and_ends():
    odd = {"utils", "helpers", "common", "misc"}
    assert [p for p in python_files() if p.stem in odd or odd & set(p.parts[-3:-1])] == []


PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right)\b|(?:left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
    r"|border-(?:top|bottom)-(?:left|right)-radius)"
)


@pytest.mark.parametrize(
    "rule", ["margin-left: 1px", "  left: 0", "text-align: right", "border-top-left-radius: 0"]
)
def test_physical_side_is_recognised(rule):
    assert PHYSICAL.search(rule)


def test_no_physical_side_in_css():
    wrong = [
        f"{path.relative_to(HOUSE)}:{number} {line.strip()}"
        for path in files("static", ".css")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PHYSICAL.search(line)
    ]
    assert wrong == []


INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/ld\+json\")|<style|\sstyle=|\son[a-z]+=\"|javascript:",
    re.IGNORECASE,
)


def test_no_inline_style_or_script_in_templates():
    wrong = [
        f"{path.relative_to(HOUSE)}:{number} {line.strip()}"
        for path in files("templates", ".html")
        # What a mail carries it must carry inside; mail readers load no style sheet.
        if "emails" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if INLINE.search(line)
    ]
    assert wrong == []


def test_text_is_marked_safe_in_one_place_only():
    allowed = {"cluster_portal/shared/richtext.py"}
    pattern = re.compile(r"mark_safe|SafeString\(|\|\s*safe\b|autoescape off")
    found = {
        str(path.relative_to(HOUSE))
        for path in [*python_files(), *files("templates", ".html")]
        if pattern.search(path.read_text())
    }
    assert found <= allowed


DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def test_no_invisible_direction_marks_in_sources():
    sources = [
        *python_files(),
        *files("templates", ".html", ".txt"),
        *files("cluster_portal", ".po", ".yaml"),
        *(path for room in ROOMS for path in files(room, ".yaml")),
    ]
    assert [str(p) for p in sources if DIRECTION_MARKS.search(p.read_text())] == []


def test_nothing_foreign_is_loaded():
    """No template, style sheet or script names another host to load something from."""
    pattern = re.compile(
        r"(?:src|href)=\"(?:https?:)?//|url\(['\"]?(?:https?:)?//|@import\s+['\"]http"
    )
    links = re.compile(r"<a\s[^>]*href=\"https?://[^>]*>")
    wrong = [
        f"{path.relative_to(HOUSE)}"
        for path in [*files("templates", ".html"), *files("static", ".css", ".js")]
        if pattern.search(links.sub("", path.read_text()))
    ]
    assert wrong == []
