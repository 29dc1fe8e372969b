"""Screenshots: the documentation shows each one, and refers to no missing one."""

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_DOCUMENTS = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]


def test_every_picture_is_used_and_exists() -> None:
    """`make screenshots` creates those that README.md and docs/ show."""
    there = {path.name for path in (_ROOT / "docs/images").glob("*.png")}
    shown = {
        name
        for path in _DOCUMENTS
        for name in re.findall(r"images/([a-z0-9-]+\.png)", path.read_text())
    }
    assert there == shown


def test_every_picture_of_the_tour_has_both_themes_and_an_alternative_text() -> None:
    """The tour follows the reader's theme, and describes each picture."""
    pictures = re.findall(r"<picture>.*?</picture>", (_ROOT / "docs/tour.md").read_text())
    wanted = re.compile(
        r'<picture><source media="\(prefers-color-scheme: dark\)" srcset="images/([a-z0-9-]+)-dark\.png">'
        r'<img src="images/\1-light\.png" alt="[^"]{20,}"(?: width="240")?></picture>'
    )
    assert pictures
    assert [picture for picture in pictures if not wanted.fullmatch(picture)] == []
