"""The step-through page in a real browser: what a reader sees, types and hears, at two widths and in both themes."""

import html
import html.parser
import json
import re

import pytest
from browser import Browser, find_chromium
from pages import card_page, fan_out_page, mlp_page, mlp_trace

import tinygrad_edu as torch
from tinygrad_edu.visualize import page, record

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine: apt-get install chromium")

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
PAGES = {"card": card_page, "mlp": mlp_page, "arrays": fan_out_page}


@pytest.fixture(scope="module")
def browser():
    started = Browser()
    yield started
    started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The pages as files."""
    folder = tmp_path_factory.mktemp("pages")
    return {name: make().write(folder / f"{name}.html") for name, make in PAGES.items()}


@pytest.fixture
def card(browser, files):
    """The card's page, open; afterwards nothing may have gone wrong in it."""
    browser.open(files["card"])
    yield browser
    assert browser.errors == []
    assert browser.requests == [files["card"].as_uri()]


def frame(browser):
    """The number of the frame that is shown."""
    return int(browser.run("document.getElementById('progress').getAttribute('aria-valuenow')"))


def last(browser):
    return int(browser.run("document.getElementById('progress').getAttribute('aria-valuemax')"))


def text(browser, selector):
    return browser.run(f"document.querySelector({json.dumps(selector)}).innerText.replace(/\\s+/g, ' ').trim()")


def panel(browser):
    return text(browser, "#panel section:not([hidden])")


def pressed(browser, name):
    return browser.run(f"document.getElementById('{name}').getAttribute('aria-pressed')") == "true"


# ---- whole, alone and small


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", SIZES)
def test_every_step_and_mode_without_an_error_or_a_request(browser, files, name, size):
    browser.open(files[name], *SIZES[size], mobile=size == "phone")
    for _ in range(last(browser)):
        browser.press("ArrowRight")
    browser.press("q", "q", "p", "p", "f", "f", "?", "Escape", "Home", " ", " ", "End")
    assert frame(browser) == last(browser)
    assert browser.errors == []
    assert browser.requests == [files[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_one_small_file_that_names_no_other(files, name):
    source = files[name].read_text()
    assert len(source.encode()) <= (150_000 if name in ("card", "mlp") else 250_000)
    assert set(re.findall(r"https?://[^\s\"'<)]*", source)) <= {"http://www.w3.org/2000/svg"}
    attributes = set()
    reader = html.parser.HTMLParser()
    reader.handle_starttag = lambda tag, attrs: attributes.update(name for name, _ in attrs)
    reader.feed(source)
    assert not attributes & {"src", "href", "xlink:href", "srcset", "action", "formaction", "data", "style", "background", "poster"}
    assert not any(each.startswith("on") for each in attributes)
    assert not re.search(r"@import|url\(|\beval\(|new Function|import\(|fetch\(|XMLHttpRequest|WebSocket", source)


def test_same_program_gives_the_same_bytes():
    assert card_page().html == card_page().html
    assert mlp_page().html == mlp_page().html


def test_policy_allows_this_script_and_this_style_alone(browser, files):
    browser.open(files["card"])
    assert browser.errors == []
    browser.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<p id=late style=\"color:red\">late</p>')")
    assert browser.run("window.ran") is None
    assert browser.run("getComputedStyle(document.getElementById('late')).color") != "rgb(255, 0, 0)"
    assert sum("Content Security Policy" in each for each in browser.errors) == 2


# ---- the walk


def test_forward_then_backward_in_order(card):
    seen = [(text(card, "#phase"), text(card, "#panel section:not([hidden]) h2"))]
    for _ in range(last(card)):
        card.press("ArrowRight")
        seen.append((text(card, "#phase"), text(card, "#panel section:not([hidden]) h2")))
    assert [phase for phase, _ in seen] == [
        "start", *(f"forward {i} / 5" for i in range(1, 6)), *(f"backward {i} / 6" for i in range(1, 7)),
    ]  # fmt: skip
    assert seen[1][1] == "× makes a"
    assert seen[6][1] == "Backward begins at z"
    assert seen[7][1] == "through × (z)"
    assert seen[11][1] == "through × (a)"


def test_panel_shows_the_chain_rule_with_names_then_with_numbers(card):
    card.press("End")
    shown = panel(card)
    assert "∂z ∂x via a = ∂a ∂x × ∂z ∂a = y = −3.00 × 0.881 = −2.64" in shown
    assert "x.grad accumulates: −0.630 + −2.64 = −3.27 ✓ complete" in shown
    assert "y.grad accumulates: 0 + 1.76 = 1.76 ✓ complete" in shown
    while "through ReLU" not in panel(card):
        card.press("ArrowLeft")
    for told in (panel(card), text(card, "#say")):
        assert "gradient blocked: the gate was closed in the forward pass" in told


def test_partial_sums_say_what_is_still_to_come(card):
    card.press("End")
    seen = []
    while frame(card):
        seen.append(panel(card))
        card.press("ArrowLeft")
    assert sum("(1 more to come)" in each for each in seen) == 2


def test_arrays_show_their_shapes_and_norms(browser, files):
    browser.open(files["mlp"])
    browser.press("End")
    shown = panel(browser)
    assert "upstream G = ∂loss/∂a (2, 3) ‖·‖" in shown
    assert "∇fc1.weight = Gᵀ · x" in shown
    assert "local x (2, 4) ‖·‖" in shown
    assert "downstream ∇fc1.weight (3, 4) ‖·‖" in shown
    assert "fc1.bias was broadcast: the gradients of its copies are summed over axis 0" in shown
    browser.press("ArrowLeft")
    assert "3 of 6 gates closed: their gradient is 0" in panel(browser)


def visible(browser):
    """How many numbers of each card can be seen: {card: [values, gradients]}."""
    return browser.run(
        """Object.fromEntries([...document.querySelectorAll('#stage g[id]')].map(card => [card.id, ['forward', 'backward'].map(
        kind => [...card.querySelectorAll('.' + kind)].filter(each => getComputedStyle(each).visibility === 'visible').length
        )]))"""
    )


def test_numbers_appear_when_they_are_computed(card):
    before = visible(card)
    assert all(values == 0 and grads == 0 for name, (values, grads) in before.items() if name[0] != "v")
    assert before["v0"] == before["v1"] == [1, 0]
    card.press("ArrowRight")
    after = visible(card)
    assert after["s0"][0] == 3  # x, y and their product
    assert {name for name in after if after[name] != before[name]} == {"s0"}
    while text(card, "#phase") != "backward 2 / 6":
        card.press("ArrowRight")
    through_z = visible(card)
    assert through_z["s4"][1] > 0
    assert through_z["s2"][1] > 0  # the gradient has arrived at +, which has not sent it on
    assert through_z["f0"][1] == through_z["v0"][1] == 0
    card.press("ArrowRight")
    assert visible(card)["f0"][1] == 1  # the first of two terms: σ's
    card.press("End")
    assert visible(card)["f0"][1] == 5  # −0.630 + −2.64 = −3.27
    assert visible(card)["v0"] == [1, 1]
    card.press("Home")
    assert visible(card) == before


def test_current_card_is_marked(card):
    card.press("ArrowRight")
    assert card.run("[...document.querySelectorAll('#stage .now')].map(each => each.id)") == ["s0"]


def test_dot_travels_unless_the_reader_prefers_no_motion(browser, files):
    browser.open(files["card"], calm=False)
    browser.press("ArrowRight")
    assert browser.run("document.querySelectorAll('#stage .dot').length") == 2
    start = browser.run("(d => [d.getAttribute('cx'), d.getAttribute('cy')])(document.querySelector('.dot'))")
    browser.wait(
        "!document.querySelector('.dot') || document.querySelector('.dot').getAttribute('cx') !== " + json.dumps(start[0])
    )
    browser.wait("!document.querySelector('.dot')")  # it has arrived
    browser.open(files["card"], calm=True)
    browser.press("ArrowRight")
    assert browser.run("document.querySelectorAll('#stage .dot').length") == 0


def test_dot_runs_from_the_input_forward_and_to_it_backward(browser, files):
    browser.open(files["card"], calm=False)
    ends = """(() => {
      const path = document.getElementById('e0-0'), dot = path.parentNode.querySelector('.dot');
      const card = document.querySelector('#s0 .card').getBoundingClientRect();
      const place = dot.getBoundingClientRect();
      return Math.abs(place.x + place.width / 2 - card.x) > 20;
    })()"""
    browser.press("ArrowRight")  # × makes a: from x's side to ×
    assert browser.run(ends) is True
    browser.press("End", "ArrowLeft", "ArrowRight")  # through ×: from × to x's side
    assert browser.run(ends) is False


# ---- the bar and the keyboard


def test_keys(card):
    card.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert frame(card) == 1
    card.press("End")
    assert frame(card) == last(card) == 11
    card.press("ArrowRight")
    assert frame(card) == 11
    card.press("Home", "ArrowLeft")
    assert frame(card) == 0
    for key, name in (("q", "quiz"), ("p", "paths"), ("f", "follow"), (" ", "play")):
        card.press(key)
        assert pressed(card, name), key
        card.press(key)
        assert not pressed(card, name), key
    card.press("?")
    assert card.run("document.getElementById('help').open")
    card.press("Escape")
    assert not card.run("document.getElementById('help').open")


def test_tab_reaches_every_control_and_goes_on(card):
    card.press("ArrowRight")
    reached = []
    for _ in range(40):
        card.press("Tab")
        reached.append(card.run("document.activeElement.id"))
    buttons = set(card.run("[...document.querySelectorAll('button[id]:not(:disabled)')].map(each => each.id)"))
    assert buttons | {"stage", "panel", "progress"} <= set(reached)
    assert reached.index("stage") < reached.index("panel") < reached.index("play") < reached.index("quiz")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_buttons_work_by_key(card, key):
    card.run("document.getElementById('next').focus()")
    card.press(key)
    assert frame(card) == 1
    assert not pressed(card, "play")


def test_play_walks_to_the_end_and_stops(browser, files):
    browser.open(files["card"])
    for _ in range(2):
        browser.click("#speed")
    assert text(browser, "#speed") == "4×"
    browser.press(" ")
    assert text(browser, "#play") == "pause"
    browser.wait("document.getElementById('progress').getAttribute('aria-valuenow') === '11'")
    assert not pressed(browser, "play")
    assert text(browser, "#play") == "play"
    browser.press(" ")  # again, from the beginning
    assert (frame(browser), pressed(browser, "play")) == (0, True)
    browser.press(" ")


def test_bar_is_clicked_and_dragged(card):
    x, y, width, height = card.run("(r => [r.x, r.y, r.width, r.height])(progress.getBoundingClientRect())")
    middle = y + height / 2
    card.mouse("mousePressed", x + width * 3.5 / 12, middle, button="left", buttons=1, clickCount=1)
    assert frame(card) == 3
    card.mouse("mouseMoved", x + width * 9.5 / 12, middle, button="left", buttons=1)
    assert frame(card) == 9
    card.mouse("mouseReleased", x + width * 9.5 / 12, middle, button="left", clickCount=1)
    card.mouse("mouseMoved", x + width * 5.5 / 12, middle)
    assert frame(card) == 9


# ---- the view


def view(browser):
    return [float(each) for each in browser.run("document.querySelector('#stage svg').getAttribute('viewBox')").split()]


def middle_of(browser, selector):
    return browser.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector('{selector}').getBoundingClientRect())")


def test_wheel_zooms_about_the_pointer_and_fit_brings_all_back(card):
    whole = view(card)
    x, y = middle_of(card, "#v0 .card")
    card.mouse("mouseWheel", x, y, deltaX=0, deltaY=-120)
    assert view(card)[2] < whole[2]
    assert middle_of(card, "#v0 .card") == pytest.approx([x, y], abs=1)
    card.click("#fit")
    assert view(card) == whole


def test_drag_moves_the_drawing_with_the_pointer(card):
    x, y = middle_of(card, "#s2 .card")
    card.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
    card.mouse("mouseMoved", x + 60, y - 25, button="left", buttons=1)
    card.mouse("mouseReleased", x + 60, y - 25, button="left", clickCount=1)
    assert middle_of(card, "#s2 .card") == pytest.approx([x + 60, y - 25], abs=1)


def test_two_fingers_zoom_and_one_moves(browser, files):
    browser.open(files["card"], *SIZES["phone"], mobile=True)
    before = view(browser)
    browser.touch("touchStart", (150, 200), (250, 200))
    browser.touch("touchMove", (110, 200), (290, 200))
    browser.touch("touchEnd")
    zoomed = view(browser)
    assert before[2] * 0.3 < zoomed[2] < before[2] * 0.8
    browser.touch("touchStart", (150, 200))
    browser.touch("touchMove", (190, 200))
    browser.touch("touchEnd")
    assert view(browser)[0] < zoomed[0]
    assert view(browser)[2] == pytest.approx(zoomed[2])


def test_follow_keeps_the_card_in_the_middle(card):
    card.press("f", "ArrowRight")
    for _ in range(last(card) - 1):
        card.press("ArrowRight")
        assert middle_of(card, "#stage .now > .card") == pytest.approx(middle_of(card, "#stage"), abs=2)
    whole = view(card)
    card.press("f")
    assert view(card)[2] > whole[2]


@pytest.mark.parametrize("name", PAGES)
def test_small_screens_follow_from_the_start(browser, files, name):
    browser.open(files[name], *SIZES["phone"], mobile=True)
    browser.press("ArrowRight")
    assert pressed(browser, "follow")
    sizes = browser.run("[...document.querySelectorAll('.now text')].map(t => t.getBoundingClientRect().height)")
    assert max(sizes) >= 12  # can be read


# ---- layout

OVERFLOW = """(() => {
  const wrong = [], inside = (a, b, by) =>
    a.left >= b.left - by && a.right <= b.right + by && a.top >= b.top - by && a.bottom <= b.bottom + by;
  const tell = each => (each.id || each.className.baseVal || each.className || each.tagName) + ': ' + each.textContent.slice(0, 40);
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page is wider than the window');
  const panel = document.getElementById('panel'), room = panel.getBoundingClientRect();
  if (panel.scrollWidth > panel.clientWidth) wrong.push('the panel is wider than itself');
  for (const each of panel.querySelectorAll('section:not([hidden]) *, #score *')) {
    const box = each.getBoundingClientRect();
    if (!box.width || each.closest('[hidden]')) continue;
    const scroller = each.closest('figure');
    if (!scroller && (box.left < room.left - 0.5 || box.right > room.right + 0.5)) wrong.push('beside the panel ' + tell(each));
    const holder = each.parentElement.closest('td, .card, .note, mark');
    if (holder && !inside(box, holder.getBoundingClientRect(), 1.5)) wrong.push('outside its cell ' + tell(each));
    if (each.matches('td, .note, figcaption, h2, button') && each.scrollWidth > each.clientWidth + 1) wrong.push('too long ' + tell(each));
  }
  for (const each of document.querySelectorAll('header *, footer *, #lens button')) {
    const box = each.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5)) wrong.push('outside the window ' + tell(each));
    if (each.tagName === 'BUTTON' && each.scrollWidth > each.clientWidth + 1) wrong.push('too long ' + tell(each));
  }
  for (const card of document.querySelectorAll('#stage g[id] > .card')) {
    const box = card.getBoundingClientRect();
    for (const each of card.parentNode.querySelectorAll('text, .grid rect'))
      if (!inside(each.getBoundingClientRect(), box, 0.5)) wrong.push('outside its card ' + tell(each));
  }
  for (const grid of document.querySelectorAll('#stage .grid')) {
    let cell = null;
    for (const each of grid.children) {
      if (each.tagName === 'rect') cell = each.getBoundingClientRect();
      else if (each.getBoundingClientRect().left < cell.left || each.getBoundingClientRect().right > cell.right) wrong.push('outside its grid ' + tell(each));
    }
  }
  return wrong;
})()"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_no_text_overflows(browser, files, name, size):
    browser.open(files[name], *SIZES[size], mobile=size == "phone")
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


def test_drawing_panel_and_bar_share_the_window(browser, files):
    for width, height in SIZES.values():
        browser.open(files["mlp"], width, height, mobile=width < 500)
        stage, side, bar = (
            browser.run(f"(r => [r.left, r.top, r.right, r.bottom])(document.querySelector('{each}').getBoundingClientRect())")
            for each in ("#stage", "#panel", "footer")
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

CONTRAST = """(() => {
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = each => {
    const layers = [];
    for (; each; each = each.parentElement) layers.push(parse(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  // what the filter of the dark theme makes of a colour: invert(p), then hue-rotate(180deg)
  const filter = getComputedStyle(document.querySelector('#stage > svg')).filter;
  const p = filter === 'none' ? null : Number(/invert\\(([\\d.]+)\\)/.exec(filter)[1]);
  const shown = c => {
    if (p === null) return c;
    const [r, g, b] = c.slice(0, 3).map(v => v * (1 - p) + (255 - v) * p);
    const m = [[-.574, 1.43, .144], [.426, .43, .144], [.426, 1.43, -.856]];
    return m.map(row => Math.max(0, Math.min(255, row[0] * r + row[1] * g + row[2] * b)));
  };
  const poor = [];
  const check = (each, a, b, need) => {
    const found = ratio(a, b);
    if (found < need) poor.push(`${each.textContent.slice(0, 30)} (${each.className.baseVal ?? each.className}): ${found.toFixed(2)}`);
  };
  for (const each of document.querySelectorAll('header *, #panel section:not([hidden]) *, footer *, #score *')) {
    if (![...each.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (each.closest('[hidden]') || each.closest(':disabled') || !each.getBoundingClientRect().width) continue;
    const under = ground(each);
    check(each, over(parse(getComputedStyle(each).color), under), under, 4.5);
  }
  for (const card of document.querySelectorAll('#stage g[id] > .card')) {
    const fill = shown(parse(getComputedStyle(card).fill));
    for (const each of card.parentNode.querySelectorAll('text')) {
      let under = fill;
      if (each.parentNode.matches('.grid')) {
        let cell = each.previousElementSibling;
        const style = getComputedStyle(cell);
        under = shown(over([...parse(style.fill).slice(0, 3), Number(style.fillOpacity)], parse(getComputedStyle(card).fill)));
      }
      check(each, shown(parse(getComputedStyle(each).fill)), under, each.matches('.c-pale') ? 2.4 : 4.4);
    }
  }
  return [...new Set(poor)];
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out(browser, files, name, dark):
    browser.open(files[name], dark=dark)
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


def test_printed_page_holds_every_step_and_no_button(browser, files):
    browser.open(files["card"])
    browser.prefer(media="print")
    assert browser.run("[...document.querySelectorAll('section.frame')].every(each => each.getBoundingClientRect().height > 20)")
    assert browser.run("[...document.querySelectorAll('footer, #lens')].every(each => getComputedStyle(each).display === 'none')")
    assert browser.run("[...document.querySelectorAll('.later')].every(each => getComputedStyle(each).visibility === 'visible')")
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
    labels = card.run("[...document.querySelectorAll('section:not([hidden]) .eq')].map(each => each.getAttribute('aria-label'))")
    assert labels[:2] == ["∂z/∂x via a = ∂a/∂x × ∂z/∂a", "= y = −3.00 × 0.881 = −2.64"]
    assert card.run("document.getElementById('progress').getAttribute('aria-valuetext')") == "backward 6 / 6: through × (a)"


# ---- quiz


def ask_last(browser):
    """The quiz at the last step: −2.64 first, then 1.76."""
    browser.press("End", "q")
    assert browser.run("document.activeElement.tagName") == "INPUT"


def answer(browser, given):
    browser.run("document.querySelector('.quiz input').select()")
    browser.type(given)
    browser.press("Enter")
    return browser.run("document.querySelector('.quiz') && document.querySelector('.verdict').className.split(' ')[1]")


RIGHT = ["-2.64", "−2.64", " -2.64 ", "–2.64", "-2.642", "-2,64", "-2.64e0", "-264e-2", "-.264e1", "-26.4e-1", "-2.643", "－2.64"]


@pytest.mark.parametrize("given", RIGHT)
def test_right_answers_in_any_spelling(card, given):
    ask_last(card)
    assert "−2.64" not in panel(card)
    answer(card, given)
    assert card.run("document.querySelectorAll('.quiz input').length") == 1  # the second question is left
    assert "1 of 1 at the first try" in text(card, "#score")
    assert "−2.64" in panel(card)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ("2.64", "wrong", "sign"),
        ("1", "wrong", "Not yet"),
        ("-2.70", "unclear", "Close"),
        ("-2.6", "unclear", "Close"),
        ("", "unclear", "Type a number"),
        ("x", "unclear", "Type a number"),
        ("-2.64.1", "unclear", "Type a number"),
        ("1e-3", "wrong", "Not yet"),
        ("1e999", "wrong", "Not yet"),
        ("0x10", "unclear", "Type a number"),
        ("NaN", "unclear", "Type a number"),
    ],
)
def test_other_answers_are_told_what_is_wrong(card, given, kind, words):
    ask_last(card)
    assert answer(card, given) == kind
    assert words in text(card, ".verdict")
    assert "−2.64" not in panel(card)
    answer(card, "-2.64")  # only a wrong answer costs the first try
    assert f"{0 if kind == 'wrong' else 1} of 1 at the first try" in text(card, "#score")


def test_small_answers_in_scientific_notation(browser, tmp_path):
    x = torch.tensor(0.0005, requires_grad=True)
    with record():
        z = x * x
        z.backward()
    path = page(z, names={"x": x, "z": z}).write(tmp_path / "small.html")
    for given in ("5e-4", "0.0005", "5.00E-4", "5*10^-4", "5×10^-4"):
        browser.open(path)
        ask_last(browser)
        answer(browser, given)
        assert "1 of 1 at the first try" in text(browser, "#score"), given


def test_hint_then_answer(card):
    ask_last(card)
    card.click(".quiz .hint")
    assert text(card, ".verdict") == "local × upstream: −3.00 × 0.881"
    card.click(".quiz .hint")
    assert "−2.64" in panel(card)
    assert "0 of 1 at the first try" in text(card, "#score")


def test_quiz_keeps_the_answer_back_everywhere(card):
    card.press("Home", "q")
    assert text(card, "#phase") == "backward 2 / 6"
    shown = card.run(
        """[...document.querySelectorAll('#stage .backward, #stage .local')].filter(
        each => getComputedStyle(each).visibility === 'visible').map(each => each.textContent)"""
    )
    assert shown == ["1.00", "1.00"]  # the upstream gradient of z, for both inputs
    assert "0.881" not in panel(card)
    assert "0.881" not in text(card, "#say")
    assert not any("0.881" in each for each in card.run("[...document.querySelectorAll('section:not([hidden]) .eq')].map(e => e.ariaLabel)"))
    answer(card, "0.881")
    answer(card, "-6")
    assert "0.881" in panel(card)
    assert "0.881" in text(card, "#say")
    assert card.run("document.querySelectorAll('.quiz').length") == 0


def test_every_question_by_keyboard(browser, files):
    for name in PAGES:
        browser.open(files[name])
        browser.press("q")
        asked = 0
        while True:
            question = browser.run("document.querySelector('.quiz')?.closest('.ask').dataset.answer")
            if question is not None:
                assert answer(browser, question) != "wrong"
                asked += 1
            elif frame(browser) == last(browser):
                break
            else:
                browser.press("ArrowRight")
        assert asked >= 4
        assert f"{asked} of {asked} at the first try, 0 to go" in text(browser, "#score")
        assert browser.errors == []


def test_letters_still_act_in_the_answer_box(card):
    ask_last(card)
    card.press("ArrowLeft")
    assert text(card, "#phase") == "backward 5 / 6"
    card.type("-2")
    card.press("ArrowLeft")
    assert text(card, "#phase") == "backward 5 / 6"  # the caret's
    card.press("p")
    assert pressed(card, "paths")
    assert not pressed(card, "quiz")


# ---- paths


def test_paths_add_up_to_the_gradient(card):
    card.press("p")
    for leaf in ("x", "y"):
        card.run(f"[...document.querySelectorAll('.leaf')].find(each => each.textContent === '{leaf}').click()")
        products = card.run("[...document.querySelectorAll('.ways:not([hidden]) .path')].map(each => Number(each.dataset.product))")
        grad = float(card.run("document.querySelector('.ways:not([hidden]) .sum').dataset.grad"))
        assert len(products) == 2
        assert sum(products) == pytest.approx(grad, rel=1e-12)
    assert "x → a → c → z −3.00 × 1.00 × 0.881 = −2.64" in card.run("document.getElementById('ways').textContent.replace(/(z)(−)/g, '$1 $2')")


def test_chosen_path_is_marked_in_the_drawing(card):
    card.press("p")
    marked = "[...document.querySelectorAll('#stage .way')].map(each => each.id)"
    first = card.run(marked)
    card.run("document.querySelectorAll('.ways:not([hidden]) .path')[1].focus()")
    second = card.run(marked)
    assert first
    assert second
    assert first != second
    assert {"e4-0", "e4-1"} & set(first) != {"e4-0", "e4-1"} & set(second)
    card.press("p")
    assert card.run(marked) == []


def test_no_paths_through_arrays(browser, files):
    browser.open(files["mlp"])
    assert browser.run("document.getElementById('paths').disabled")
    browser.press("p")
    assert text(browser, "#say") == "Paths are shown for graphs of single numbers."
    assert not pressed(browser, "paths")


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


def test_notebook_frame_runs_alone(browser, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>notebook</title>{card_page()._repr_html_()}", encoding="utf-8")
    browser.open(path, calm=True)
    inner = {"contextId": browser.frames()["z = (x · y + max(y, 0)) · σ(x)"]}
    browser.run("document.getElementById('last').click()", **inner)
    shown = browser.run("document.getElementById('panel').innerText", **inner)
    assert "x.grad accumulates: −0.630 + −2.64 = −3.27 ✓ complete" in shown
    assert browser.errors == []
    assert not [each for each in browser.requests if each not in (path.as_uri(), "about:srcdoc")]


def test_attribute_of_the_frame_is_the_page():
    made = card_page()
    (source,) = re.findall(r'srcdoc="([^"]*)"', made._repr_html_())
    assert html.unescape(source) == made.html
