"""How the step-through page looks and reads in a real browser: sizes, colours, words, and names that mean harm."""

import pytest
from page_checks import CONTRAST, OVERFLOW, last, panel, text
from pages import PAGES, SIZES, mlp_trace

import tinygrad_edu as torch
from tinygrad_edu.visualize import page, record

# ---- layout


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_no_text_overflows(browser, page_files, name, size):
    browser.open(page_files[name], *SIZES[size], mobile=size == "phone")
    assert browser.run(OVERFLOW) == []
    for _ in range(last(browser)):
        browser.press("ArrowRight")
        assert browser.run(OVERFLOW) == [], panel(browser)
    browser.press("Home", "q")
    for _ in range(last(browser)):
        assert browser.run(OVERFLOW) == [], panel(browser)
        browser.run("document.querySelector('.quiz .hint')?.click()")
        assert browser.run(OVERFLOW) == [], panel(browser)
        browser.press("ArrowRight")
    browser.press("q", "p")
    assert browser.run(OVERFLOW) == []


def test_drawing_panel_and_bar_share_the_window(browser, page_files):
    for width, height in SIZES.values():
        browser.open(page_files["mlp"], width, height, mobile=width < 500)
        stage, side, bar = (
            browser.run(f"(r => [r.left, r.top, r.right, r.bottom])({each}.getBoundingClientRect())")
            for each in ("stage", "panel", "document.querySelector('footer')")
        )
        assert bar[3] == height
        assert min(stage[3] - stage[1], side[3] - side[1]) > 0.25 * height
        if width > 1000:
            assert stage[2] <= side[0]
            assert stage[2] - stage[0] > 0.6 * width
        else:
            assert stage[3] <= side[1]
            assert stage[2] - stage[0] == side[2] - side[0] == width


# ---- colours


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out(browser, page_files, name, dark):
    browser.open(page_files[name], dark=dark)
    assert browser.run("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    for _ in range(last(browser)):
        browser.press("ArrowRight")
        assert browser.run(CONTRAST) == [], panel(browser)
    browser.press("q")
    assert browser.run(CONTRAST) == []
    browser.press("q", "p")
    assert browser.run(CONTRAST) == []


def test_theme_follows_the_system_until_the_reader_chooses(card):
    theme = "document.documentElement.dataset.theme"
    card.prefer(dark=True)
    card.wait(f"{theme} === 'dark'")
    assert card.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 27)"
    card.click("#theme")
    assert card.run(theme) == "light"
    card.prefer(dark=False)
    card.prefer(dark=True)
    assert card.run(theme) == "light"


def test_printed_page_holds_every_step_and_no_button(browser, page_files):
    browser.open(page_files["card"])
    browser.prefer(media="print")
    for each, holds in (
        ("section.frame", "each.getBoundingClientRect().height > 20"),
        ("footer, #lens", "getComputedStyle(each).display === 'none'"),
        (".later", "getComputedStyle(each).visibility === 'visible'"),
    ):
        assert browser.run(f"[...document.querySelectorAll('{each}')].every(each => {holds})"), each
    assert browser.send("Page.printToPDF")["data"]


# ---- for readers who listen


def test_every_step_is_told_in_words(card):
    said = []
    for _ in range(last(card)):
        card.press("ArrowRight")
        said.append(text(card, "#say"))
    assert card.run("document.getElementById('say').getAttribute('aria-live')") == "polite"
    assert len(set(said)) == len(said)
    assert said[0] == "forward 1 / 5. × makes a: a = x · y = 2.00 · (−3.00) = −6.00."
    assert "∂z/∂x via a = ∂a/∂x × ∂z/∂a, = y = −3.00 × 0.881 = −2.64" in said[-1]
    assert "x.grad accumulates: −0.630 + −2.64 = −3.27 ✓ complete" in said[-1]


def test_controls_have_names_and_formulas_are_read_as_words(card):
    nameless = """[...document.querySelectorAll('button, [role], input, aside, dialog')].filter(
        each => !(each.getAttribute('aria-label') || each.textContent.trim())).map(each => each.outerHTML)"""
    assert card.run(nameless) == []
    card.press("End")
    labels = card.run("[...document.querySelectorAll('section:not([hidden]) .eq')].map(each => each.ariaLabel)")
    assert labels[:2] == ["∂z/∂x via a = ∂a/∂x × ∂z/∂a", "= y = −3.00 × 0.881 = −2.64"]
    assert card.run("document.getElementById('progress').getAttribute('aria-valuetext')") == "backward 6 / 6: through × (a)"


# ---- what a program may hold

HOSTILE = [
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "' onmouseover='window.ran = 1",
    "<!--<script>",
    "]]></svg><iframe srcdoc='<script>parent.ran=1</script>'>",
    "{{js}} {{policy}} ${window.ran = 1}",
    "\u202egnol\u202c שלום \x00\ud800\n\u2028",
    "&lt;b&gt; &amp; \\u003cscript>",
]


def test_hostile_names_are_shown_and_never_run(browser, tmp_path):
    leaves = [torch.tensor(float(i + 1), requires_grad=True) for i in range(len(HOSTILE))]
    with record():
        z = leaves[0]
        for each in leaves[1:]:
            z = z * each
        z.backward()
    names = dict(zip(HOSTILE, leaves, strict=True)) | {"z": z}
    path = page(z, names=names, title=" ".join(HOSTILE)).write(tmp_path / "hostile.html")
    browser.open(path)
    for _ in range(last(browser)):
        browser.press("ArrowRight")
    browser.press("q", "Escape", "p")
    assert browser.run("window.ran") is None
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]
    assert browser.run("document.querySelectorAll('script, img, iframe, [onerror], [onmouseover]').length") == 2
    for name in HOSTILE[:3]:
        assert name in text(browser, "h1")
        assert name in browser.run("document.getElementById('ways').textContent")
    assert "\u202e" not in path.read_text()
    assert browser.run(OVERFLOW) == []


def test_hostile_traces_of_arrays(browser, tmp_path):
    seen = mlp_trace()
    for place, value in enumerate(seen.values):
        value.name = HOSTILE[place % len(HOSTILE)] + str(place)
    for place, step in enumerate(seen.steps):
        step.formula = step.symbol = step.note = step.module = HOSTILE[place % len(HOSTILE)]
        step.options = {HOSTILE[0]: HOSTILE[2]}
        for each in step.inputs:
            each.rule = HOSTILE[(place + 3) % len(HOSTILE)]
        if step.source:
            step.source.text = step.source.file = HOSTILE[1]
    path = page(seen).write(tmp_path / "hostile.html")
    browser.open(path)
    for _ in range(last(browser)):
        browser.press("ArrowRight")
    assert browser.run("window.ran") is None
    assert (browser.errors, browser.requests) == ([], [path.as_uri()])
    assert browser.run("document.querySelectorAll('script, img, iframe').length") == 2
