"""The number of people that a list has drawn so far, over all of its parts."""

from dataclasses import dataclass

from contacts.index_scan import Page
from web.page_request import PageRequest

_MAX_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Counted:
    """People of a search: those who are meant, and those who are only similar."""

    meant: int = 0
    similar: int = 0

    @classmethod
    def before(cls, query: dict[str, str]) -> "Counted":
        """Return the counts of earlier parts, which the address of a further part names."""
        return cls(_number(query.get("meant", "")), _number(query.get("similar", "")))

    def and_of(self, page: Page) -> "Counted":
        """Return the counts with those of one more part."""
        similar = sum(bool(one.similar_to) for one in page.found)
        return Counted(self.meant + len(page.found) - similar, self.similar + similar)

    @property
    def shown(self) -> int:
        """The number of people drawn."""
        return self.meant + self.similar

    def text(self, visit: PageRequest, *, is_more: bool) -> str:
        """Return the counts in the visitor's language; `is_more`: further people may follow."""
        if is_more and not self.shown:
            return visit.t("people_searching")
        if self.similar:
            if is_more:
                return visit.t("people_and_similar_more", count=self.meant, similar=self.similar)
            return visit.t("people_and_similar", count=self.meant, similar=self.similar)
        return visit.counted("people_found_more" if is_more else "people_found", self.meant)


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else 0
