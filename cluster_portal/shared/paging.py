"""Long lists, cut into pages."""

from django.conf import settings
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest


def page_of(request: HttpRequest, rows: QuerySet, per_page: int, count: int | None = None) -> Page:
    """Return the page of `rows` that the query asks for (``?page=2``), the first if for none.

    `count` tells how many rows there are, where that is known. Raises Http404 for a page that does
    not exist, and for what is not a number.
    """
    asked = request.GET.get("page", "1")
    # Longer numbers than any list has only make Python work; int() refuses 4,300 digits.
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):
        raise Http404
    paginator = Paginator(rows, per_page)
    if count is not None:
        paginator.count = count
    try:
        return paginator.page(int(asked))
    except InvalidPage as error:
        raise Http404 from error


def canonical_of(request: HttpRequest, page: Page) -> str:
    """Return the canonical address of one page of a list."""
    query = f"?page={page.number}" if page.number > 1 else ""
    return f"{settings.SITE_URL}{request.path}{query}"
