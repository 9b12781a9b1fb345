from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

from cluster_portal.shared.models import Photo


def shown(template: str, **context: object) -> str:
    return Template("{% load portal %}" + template).render(Context(context))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hebrew_date", "18 במרץ 2013"),
        ("hebrew_date_long", "יום שני, 18 במרץ 2013"),
        ("short_date", "18.3.2013"),
    ],
)
def test_dates(name: str, words: str) -> None:
    assert shown("{{ d|" + name + " }}", d=date(2013, 3, 18)) == words
    # Late in Greenwich it is the next day in Jerusalem.
    assert shown("{{ d|" + name + " }}", d=datetime(2013, 3, 17, 22, 30, tzinfo=UTC)) == words
    assert shown("{{ d|" + name + " }}", d=None) == ""


def test_months_are_never_cut_short() -> None:
    january = shown("{{ d|hebrew_date }} {{ d|hebrew_date_long }}", d=date(2026, 1, 3))
    assert january == "3 בינואר 2026 יום שבת, 3 בינואר 2026"


def test_icon() -> None:
    assert shown('{% icon "check" %}') == (
        '<svg class="icon" aria-hidden="true" focusable="false">'
        '<use href="/static/img/icons.svg#check"></use></svg>'
    )


def test_picture_offers_each_size() -> None:
    photo = Photo(pk=7, width=1000, height=500, alt="מה שנראה")
    html = shown('{% picture photo sizes="50vw" eager=True %}', photo=photo)
    for part in (
        "/media/photos/7/480.webp 480w, /media/photos/7/960.webp 960w",
        "/media/photos/7/1000.jpg 1000w",
        'src="/media/photos/7/960.jpg"',
        'sizes="50vw"',
        'width="1000"',
        'height="500"',
        'alt="מה שנראה"',
        'loading="eager"',
    ):
        assert part in html
    assert 'loading="lazy"' in shown("{% picture photo %}", photo=photo)


def test_decorative_picture_says_nothing() -> None:
    photo = Photo(pk=7, width=100, height=50, alt="תיאור", is_decorative=True)
    assert 'alt=""' in shown("{% picture photo %}", photo=photo)


def test_plain_text_becomes_paragraphs_and_no_markup() -> None:
    text = 'אחת "ב"\nשורה\n\n<script>x</script> & שתיים'
    assert shown("{{ text|paragraphs }}", text=text) == (
        "<p>אחת &quot;ב&quot;<br>שורה</p>\n\n<p>&lt;script&gt;x&lt;/script&gt; &amp; שתיים</p>"
    )


def test_rich_text_is_shown_clean() -> None:
    html = '<p>טוב</p><script>x</script><a href="javascript:x" onclick="x">כאן</a>'
    found = shown("{{ html|rich }}", html=html)
    assert found.startswith("<p>טוב</p>")
    assert not {"script", "onclick", "javascript"} & set(found.replace("<", " ").split())
    assert "script" not in found


def test_foreign_runs_are_isolated() -> None:
    assert shown("{{ v|ltr }}", v="<+972>") == '<span dir="ltr">&lt;+972&gt;</span>'
    size = shown("{{ v|file_size }}", v=1_300_000)
    assert size.startswith("<bdi>1.2")
    assert size.endswith("</bdi>")


@pytest.mark.parametrize(
    ("url", "said"),
    [("https://www.a.org/", "a.org"), ("http://a.org/b/", "a.org/b"), ("a.org", "a.org")],
)
def test_address_is_told_bare(url: str, said: str) -> None:
    assert shown("{{ url|bare_address }}", url=url) == said
