"""Light markup and clean HTML turn into each other without loss."""

from hypothesis import example, given, settings
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
