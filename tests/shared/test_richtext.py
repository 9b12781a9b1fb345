"""Light markup and clean HTML turn into each other without loss."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_portal.shared.richtext import (
    clean_html,
    html_to_markup,
    html_to_text,
    markup_to_html,
)

# The signs that mean something in markup or HTML, far more often than chance would bring them.
PIECES = st.sampled_from(
    ["**", "*", "[", "]", "(", ")", "](", "## ", "### ", "#", "- ", "-", "1. ", "12. ", ".", "> ",
     ">", "\\", "\\\\", "\n", "\n\n", " ", "\t", "שלום", "א", "word", "<", "&", "&amp;", "<b>",
     "/about/", "https://example.org/a?b=c&d=e", "javascript:x", "\u00a0", "\x00", "\u202e", "“"]
)  # fmt: skip
TYPED = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=60))
TAGS = ["p", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "em", "div", "table"]
HTML = st.lists(
    st.one_of(
        PIECES,
        st.sampled_from(
            [f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]
            + ["<br>", '<a href="/about/">', '<a href="https://example.org/a(b)c">', "<a>", "</a>",
               '<a href="javascript:alert(1)">', "<script>", "</script>", "<p onclick=x>",
               "<ul><li>", "</li></ul>", "<p>שלום"]
        ),
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(TYPED)
@settings(max_examples=1500, deadline=None)
def test_what_was_typed_can_be_opened_and_saved_without_change(typed: str) -> None:
    html = markup_to_html(typed)
    assert markup_to_html(html_to_markup(html)) == html


@given(HTML)
@settings(max_examples=1500, deadline=None)
def test_any_html_settles_at_once_and_keeps_its_words(html: str) -> None:
    clean = clean_html(html)
    settled = markup_to_html(html_to_markup(clean))
    assert "".join(html_to_text(settled).split()) == "".join(html_to_text(clean).split())
    assert markup_to_html(html_to_markup(settled)) == settled


@given(st.one_of(TYPED, HTML))
@settings(max_examples=500, deadline=None)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_html(clean_html(text)) == clean_html(text)
    html = markup_to_html(text)
    assert clean_html(html) == html


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("פסקה\nשורה\n\n\nפסקה", "<p>פסקה<br>שורה</p><p>פסקה</p>"),
        ("## כותרת\nטקסט\n### משנה", "<h2>כותרת</h2><p>טקסט</p><h3>משנה</h3>"),
        ("לפני:\n- א\n- ב\nאחרי", "<p>לפני:</p><ul><li>א</li><li>ב</li></ul><p>אחרי</p>"),
        ("1. א\n\n2. ב", "<ol><li>א</li><li>ב</li></ol>"),
        ("> א\n>\n> - ב", "<blockquote><p>א</p><ul><li>ב</li></ul></blockquote>"),
        (">" * 5000 + " א", "<blockquote><p>א</p></blockquote>"),
        (">  > א", "<blockquote><p>א</p></blockquote>"),
        ("**א [ב](/x/)**", '<p><strong>א </strong><a href="/x/"><strong>ב</strong></a></p>'),
        ("5*3 **לא סגור", "<p>5*3 **לא סגור</p>"),
        ("[א](javascript:alert(1))", "<p>[א](javascript:alert(1))</p>"),
        ("[א](//evil.example)", "<p>[א](//evil.example)</p>"),
        ("<b onclick=x>א</b> & ב", "<p>&lt;b onclick=x&gt;א&lt;/b&gt; &amp; ב</p>"),
        ("א\x00\u202eב", "<p>אב</p>"),
    ],
)
def test_what_markup_means(typed: str, html: str) -> None:
    assert markup_to_html(typed) == html


@pytest.mark.parametrize(
    ("html", "markup"),
    [
        ("<h2>א</h2><p>ב <strong>ג</strong><br>ד</p>", "## א\n\nב **ג**\nד"),
        ("<ul><li>א<ul><li>ב</li></ul></li></ul>", "- א\n- ב"),
        ('<p><a href="/a(b)/">א</a></p>', "[א](/a%28b%29/)"),
        ("<p>- לא רשימה</p>", "\\- לא רשימה"),
        ("<p>1. לא רשימה</p>", "1\\. לא רשימה"),
        ("<p>a&#x202e;b&#0;</p>", "ab\ufffd"),
        ("<script>x</script><p onclick=y>א</p><img src=x>", "א"),
    ],
)
def test_how_html_is_opened(html: str, markup: str) -> None:
    assert html_to_markup(html) == markup


def test_plain_words_keep_hebrew_prefixes_joined() -> None:
    assert html_to_text("<p>ב<strong>רהט</strong></p><p>ב־2013</p>") == "ברהט ב־2013"


def test_long_and_hostile_text_takes_no_time() -> None:
    for piece in ("**", "[", "](", "\\", "> ", "- ", "[a](", "**a", "<p>", "<ul><li>", "*[x](/y)"):
        html_to_markup(markup_to_html(piece * (10_000 // len(piece))))
