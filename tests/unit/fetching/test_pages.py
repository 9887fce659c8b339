"""What must come through the search for the main part as it is: code, tables, formulas, numbered
lists and links, as the highlighters, generators and editors of the Web write them."""

import pytest

from codeplan.fetching.pages import Wanted, read_html

FIRST = (
    "A first paragraph with enough words in it so that it is taken for the main part of the page."
)
URL = "http://h.example/a/page"


def read(part: str, head: str = "", **wanted: bool | str) -> str:
    """What stands between two paragraphs in the text of a page that has ``part`` there."""
    html = (
        f"<html><head><title>T</title>{head}</head><body><article><p>{FIRST}</p>{part}<p>{FIRST}"
        "</p></article></body></html>"
    )
    text = read_html(html, URL, Wanted(**wanted)).text  # type: ignore[arg-type] # as it is named
    assert text.count(FIRST) == 2
    return text.split(FIRST)[1].strip("\n")


CODE: dict[str, tuple[str, str]] = {
    "breaks": ("<pre>a = 1<br>b = 2<br/>  c</pre>", "```\na = 1\nb = 2\n  c\n```"),
    "breaks without pre": ("<code>npm i<br>npm start</code>", "```\nnpm i\nnpm start\n```"),
    "blank lines": ("<pre>\nx\n\n\n  y\n</pre>", "```\nx\n\n\n  y\n```"),
    "a fence in it": ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
    "Pygments": (
        '<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>'
        '<span class="k">def</span> <span class="nf">f</span>():\n    <span>pass</span>\n'
        "</pre></div></div>",
        "```python\ndef f():\n    pass\n```",
    ),
    "Pygments with numbers": (
        '<table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre>1\n2'
        '</pre></div></td><td class="code"><div class="highlight"><pre>x = 1\ny = 2\n</pre></div>'
        "</td></tr></table>",
        "```\nx = 1\ny = 2\n```",
    ),
    "a hosting site": (
        '<table class="highlight"><tr><td class="blob-num" data-line-number="1"></td>'
        '<td class="blob-code"><span>import</span> os</td></tr><tr><td class="blob-num"></td>'
        '<td class="blob-code">print(1)</td></tr></table>',
        "```\nimport os\nprint(1)\n```",
    ),
    "highlight.js with numbers": (
        '<pre><code class="hljs language-js"><table><tr><td class="hljs-ln-numbers">'
        '1</td><td>let a</td></tr><tr><td class="hljs-ln-numbers">2</td><td>  b()</td></tr>'
        "</table></code></pre>",
        "```js\nlet a\n  b()\n```",
    ),
    "Chroma": (
        '<table class="lntable"><tr><td class="lntd"><pre><code><span class="lnt">1\n</span>'
        '<span class="lnt">2\n</span></code></pre></td><td class="lntd"><pre><code'
        ' class="language-go" data-lang="go"><span class="line">func a() {\n</span>'
        '<span class="line">}\n</span></code></pre></td></tr></table>',
        "```go\nfunc a() {\n}\n```",
    ),
    "numbers within lines": (
        '<pre><span class="lineno">1 </span>foo\n<span class="lineno">2 </span>bar 2</pre>',
        "```\nfoo\nbar 2\n```",
    ),
    "items for lines": (
        '<pre class="prettyprint linenums"><ol class="linenums"><li>a</li><li>b</li></ol></pre>',
        "```\na\nb\n```",
    ),
    "blocks for lines": (
        '<pre><code><div class="line">one</div><div class="line">  two</div></code></pre>',
        "```\none\n  two\n```",
    ),
    "within a paragraph": ("<p>Before <pre>x\n\ny</pre></p>", "Before\n\n```\nx\n\ny\n```"),
}


@pytest.mark.parametrize("name", CODE)
def test_code_keeps_its_lines(name: str) -> None:
    part, right = CODE[name]
    assert read(part) == right


TABLES: dict[str, tuple[str, str]] = {
    "a cell over rows": (
        "<table><tr><th>A<th>B<tr><td>1<td rowspan=3>x<tr><td>2<tr><td>3<tr><td>4<td>y</table>",
        "| A | B |\n|---|---|\n| 1 | x |\n| 2 | x |\n| 3 | x |\n| 4 | y |",
    ),
    "a cell over columns": (
        "<table><tr><th colspan=2>Both<th>C<tr><td>a<td>b<td>c</table>",
        "| Both |  | C |\n|---|---|---|\n| a | b | c |",
    ),
    "a cell over both": (
        "<table><tr><td rowspan=2 colspan=2>x<td>1<tr><td>2<tr><td>3<td>4<td>5</table>",
        "| x |  | 1 |\n|---|---|---|\n| x |  | 2 |\n| 3 | 4 | 5 |",
    ),
    "much in a cell": (
        "<table><tr><th>N<th>W<tr><td>a<td><p>one<ul><li>two <a href=x>t</a><li><code>c|d</code>"
        "</ul></table>",
        "| N | W |\n|---|---|\n| a | one<br>two [t](http://h.example/a/x)<br>`c\\|d` |",
    ),
    "a table in a table": (
        "<table><tr><td>o<td><table><tr><td>a<td>b<tr><td>c<td>d</table><tr><td>p<td>q</table>",
        "| o | a · b<br>c · d |\n|---|---|\n| p | q |",
    ),
    "a caption": (
        "<table><caption>Sizes</caption><thead><tr><th>a<th>b<tbody><tr><td>1<td>2</table>",
        "Sizes\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    ),
    "rows too short": ("<table><tr><th>a<th>b<tr><td>1</table>", "| a | b |\n|---|---|\n| 1 |  |"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_whole(name: str) -> None:
    part, right = TABLES[name]
    assert read(part) == right


def test_spans_make_no_bomb_of_a_table() -> None:
    for cells in (
        "<td rowspan=1000>a<td>b",
        "<td colspan=1000>a<td>b",
        "<td rowspan=900>" + "a" * 90,
    ):
        for around in ("", "<h2>of a layout</h2>"):
            html = f"<body><p>{FIRST}</p><table>{f'<tr>{cells}{around}' * 1000}</table>"
            assert len(read_html(html, URL, Wanted()).text) < 3 * len(html)


KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>E</mi></mrow>'
    '<annotation encoding="application/x-tex">E_0=mc^2</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true">E0=mc2</span></span>'
)
FORMULAS: dict[str, tuple[str, str]] = {
    "KaTeX": (f"<p>The famous {KATEX} it is.</p>", "The famous $E_0=mc^2$ it is."),
    "KaTeX alone": (
        f'<p>So:</p><span class="katex-display">{KATEX}</span>',
        "So:\n\n$$E_0=mc^2$$",
    ),
    "MathML": (
        "<p>It is <math><mi>x</mi><mo>+</mo><mn>1</mn></math> then.</p>",
        "It is $x+1$ then.",
    ),
    "MediaWiki": (
        '<p>Let <span class="mwe-math-element"><math alttext="{\\displaystyle x^{2}}"><mi>x</mi>'
        '</math><img alt="x" src="u.svg"></span> be it.</p>',
        "Let $x^{2}$ be it.",
    ),
    "MathJax 2": (
        '<p>We have <span class="MathJax_Preview">a2</span><span class="MathJax">a2</span>'
        '<script type="math/tex">a^2</script> here.</p>',
        "We have $a^2$ here.",
    ),
    "MathJax 3": (
        '<p>We have <mjx-container class="MathJax"><svg><text>z</text></svg><mjx-assistive-mml>'
        "<math><mi>z</mi></math></mjx-assistive-mml></mjx-container> here.</p>",
        "We have $z$ here.",
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_told_once(name: str) -> None:
    part, right = FORMULAS[name]
    assert read(part) == right


def test_a_formula_within_what_shows_it_is_kept() -> None:
    """No tool writes it so; the page is read all the same, and the formula is not lost."""
    part = (
        '<p>We have <span class="MathJax_Preview">a2<script type="math/tex">a^2</script></span>'
        " here.</p>"
    )
    assert read(part) == "We have a2$a^2$ here."


@pytest.mark.parametrize(
    ("part", "right"),
    [
        ("<ol start=5><li>five<li value=9>nine<li>ten</ol>", "5. five\n9. nine\n10. ten"),
        ("<ol start=0><li><p>zero</p><li><p>one</p></ol>", "0. zero\n1. one"),
        ("<ol start=-1><li>a<li>b</ol>", "-1. a\n0. b"),
        ("<ol reversed><li>c<li>b<li>a</ol>", "3. c\n2. b\n1. a"),
        ("<ol start=x><li>a<li>b</ol>", "1. a\n2. b"),
    ],
)
def test_a_list_counts_from_where_it_begins(part: str, right: str) -> None:
    assert read(part) == right


@pytest.mark.parametrize(
    ("head", "part", "right"),
    [
        ("<base href=/v2/>", "<a href=x>t</a>", "[t](http://h.example/v2/x)"),
        (
            "<base target=_blank><base href='//o.example/b/'>",
            "<a href='?q'>t</a>",
            "[t](http://o.example/b/?q)",
        ),
        ("<base href='javascript:1'>", "<a href=x>t</a>", "[t](http://h.example/a/x)"),
        ("", "<a href='路 x'>t</a>", "[t](http://h.example/a/%E8%B7%AF%20x)"),
        ("", "<a href='b_(c)'>t</a>", "[t](http://h.example/a/b_%28c%29)"),
        ("", "<a href='javascript:x()'>t</a>", "t"),
        ("", "<a href='http://['>t</a>", "t"),
        (
            "",
            "<img data-src=/p.jpg src='data:image/gif;base64,R0' alt=p>",
            "![p](http://h.example/p.jpg)",
        ),
    ],
)
def test_a_link_leads_where_it_leads_on_its_page(head: str, part: str, right: str) -> None:
    assert read(f"<p>See {part} for it.</p>", head) == f"See {right} for it."


def test_text_alone_has_no_marks() -> None:
    part = "<table><tr><th>N<th>W<tr><td>a<td>b <a href=x>c</a></table><pre>|x|\n y</pre>"
    assert read(part, form="text") == "N · W\na · b c\n\n|x|\n y"
    assert "N · W\na · b [c](" in read(part, tables=False)
    assert "```\n|x|\n y\n```" in read(part, tables=False)


@pytest.mark.parametrize(
    ("content", "leads"),
    [
        ("0; url=/x", "http://h.example/x"), ("5;URL='x y'", "http://h.example/a/x%20y"),
        ('0;url="//o.example"', "http://o.example/"), ("1, /x", "http://h.example/x"),
        ("0 url = http://o.example/", "http://o.example/"), (".5; url=/x", "http://h.example/x"),
        ("300; url=/x", ""), ("0", ""), ("0; url=page#top", ""), ("", ""), ("x; url=/y", ""),
    ],
)  # fmt: skip
def test_a_refresh_leads_where_browsers_go(content: str, leads: str) -> None:
    quoted = content.replace("'", "&#39;")
    html = f"<html><head><meta HTTP-EQUIV=Refresh content='{quoted}'></head><body>x</body></html>"
    assert read_html(html, URL, Wanted()).refresh == leads


def test_only_a_page_of_frames_leads_into_them() -> None:
    frames = "<frameset><frame src=a><frame src='b c'><frame></frameset>"
    assert read_html(f"<html>{frames}</html>", URL, Wanted()).frames == (
        "http://h.example/a/a",
        "http://h.example/a/b%20c",
    )
    alone = read_html("<html><body><iframe src=/in></iframe></body></html>", URL, Wanted())
    assert alone.frames == ("http://h.example/in",)
    beside = read_html(f"<body><p>{FIRST}</p><iframe src=/in></iframe></body>", URL, Wanted())
    assert beside.frames == ()
