"""What templates of all apps share: icons, pictures, rich text, dates and sizes in Hebrew.

The date filters give words only; whoever writes the template puts them into a ``<time>``.
"""

from datetime import date, datetime
from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat, linebreaks_filter
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from cluster_portal.shared import richtext
from cluster_portal.shared.models import Photo

register = template.Library()


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """Return the sign `name` of static/img/icons.svg; it decorates, so readers skip it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {extra_class}" if extra_class else "",
        static("img/icons.svg"),
        name,
    )


@register.inclusion_tag("components/picture.html")
def picture(photo: Photo, sizes: str = "100vw", eager: bool = False) -> dict[str, Any]:
    """Show `photo` in the size that the window wants; `eager` for what the first screen shows."""
    widths = photo.widths
    # A browser that knows no srcset gets the middle size.
    fallback = widths[min(1, len(widths) - 1)]
    return {
        "photo": photo,
        "sizes": sizes,
        "webp": ", ".join(f"{photo.url(width, 'webp')} {width}w" for width in widths),
        "jpeg": ", ".join(f"{photo.url(width, 'jpg')} {width}w" for width in widths),
        "src": photo.url(fallback, "jpg"),
        "width": photo.width,
        "height": photo.height,
        "lazy": not eager,
    }


@register.filter
def rich(html: str) -> SafeString:
    """Show a stored rich text as HTML."""
    return richtext.render_rich(html)


@register.filter
def paragraphs(text: object) -> SafeString:
    """Show plain text in paragraphs; whatever looks like HTML in it is shown, not obeyed."""
    return linebreaks_filter(str(text or ""), autoescape=True)


@register.filter(expects_localtime=True)
def hebrew_date(value: date | datetime | None) -> str:
    """18 במרץ 2013"""
    return date_format(value, "DATE_FORMAT") if value else ""


@register.filter(expects_localtime=True)
def hebrew_date_long(value: date | datetime | None) -> str:
    """יום שני, 18 במרץ 2013"""
    if not value:
        return ""
    # Django's Hebrew name of a week day lacks the word "day" before it.
    return pgettext("date with its week day", "%(weekday)s, %(date)s") % {
        "weekday": date_format(value, "l"),
        "date": date_format(value, "DATE_FORMAT"),
    }


@register.filter(expects_localtime=True)
def short_date(value: date | datetime | None) -> str:
    """18.3.2013"""
    return date_format(value, "SHORT_DATE_FORMAT") if value else ""


@register.filter
def file_size(size: int) -> SafeString:
    """Return a size in bytes for people; its unit is Hebrew, so the run finds its own direction."""
    return format_html("<bdi>{}</bdi>", filesizeformat(size))


@register.filter
def ltr(value: object) -> SafeString:
    """Show what runs from left to right (e-mail, telephone, signed number) as one run."""
    return format_html('<span dir="ltr">{}</span>', value)


@register.filter
def bare_address(url: str) -> str:
    """Return a web address as people say it: without scheme, "www." and closing slash."""
    return url.split("://", 1)[-1].removeprefix("www.").rstrip("/")
