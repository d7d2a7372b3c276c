"""The step-through page in a real browser: one file, the walk, the keyboard, the view."""

import html
import html.parser
import re

import pytest
from page_checks import frame, last, panel, pressed, text
from pages import PAGES, SIZES, card_page, mlp_page

# ---- whole, alone and small


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", SIZES)
def test_every_step_and_mode_without_an_error_or_a_request(browser, page_files, name, size):
    browser.open(page_files[name], *SIZES[size], mobile=size == "phone")
    for _ in range(last(browser)):
        browser.press("ArrowRight")
    browser.press("q", "q", "p", "p", "f", "f", "?", "Escape", "Home", " ", " ", "End")
    assert frame(browser) == last(browser)
    assert browser.errors == []
    assert browser.requests == [page_files[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_one_small_file_that_names_no_other(page_files, name):
    source = page_files[name].read_text()
    assert len(source.encode()) <= (150_000 if name in ("card", "mlp") else 250_000)
    assert set(re.findall(r"https?://[^\s\"'<)]*", source)) <= {"http://www.w3.org/2000/svg"}
    attributes = set()
    reader = html.parser.HTMLParser()
    reader.handle_starttag = lambda tag, attrs: attributes.update(name for name, _ in attrs)
    reader.feed(source)
    assert not attributes & {"src", "href", "xlink:href", "srcset", "action", "formaction", "data", "style", "poster"}
    assert not any(each.startswith("on") for each in attributes)
    assert not re.search(r"@import|url\(|\beval\(|new Function|import\(|fetch\(|XMLHttpRequest|WebSocket", source)


def test_same_program_gives_the_same_bytes():
    assert card_page().html == card_page().html
    assert mlp_page().html == mlp_page().html


def test_policy_allows_this_script_and_this_style_alone(browser, page_files):
    browser.open(page_files["card"])
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


def test_arrays_show_their_shapes_and_norms(browser, page_files):
    browser.open(page_files["mlp"])
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


WATCH_DOTS = """
    window.dots = [];
    new MutationObserver(changes => changes.flatMap(each => [...each.addedNodes]).forEach(each => {
      if (!each.matches?.('.dot')) return;
      const at = each.getBoundingClientRect(), card = document.querySelector('#stage .now > .card').getBoundingClientRect();
      const x = at.x + at.width / 2, y = at.y + at.height / 2;
      dots.push(Math.hypot(Math.max(card.left - x, 0, x - card.right), Math.max(card.top - y, 0, y - card.bottom)));
    })).observe(document.getElementById('stage'), {childList: true, subtree: true});
"""
"""Keeps how far from the current card each dot began."""


def test_dots_travel_to_the_step_forward_and_from_it_backward(browser, page_files):
    browser.open(page_files["card"], calm=False)
    browser.run(WATCH_DOTS)
    browser.press("ArrowRight")  # × makes a: from x and from y
    browser.wait("dots.length === 2")
    assert min(browser.run("dots")) > 20
    browser.wait("!document.querySelector('#stage .dot')")  # they have arrived
    browser.press("End", "ArrowLeft")
    browser.run("dots.length = 0")
    browser.press("ArrowRight")  # through ×: to x, to y, and on to the leaves
    browser.wait("dots.length === 4")
    assert max(browser.run("dots.slice(0, 2)")) < 20
    browser.wait("!document.querySelector('#stage .dot')")


def test_no_dot_for_a_reader_who_prefers_no_motion(browser, page_files):
    browser.open(page_files["card"], calm=True)
    browser.run(WATCH_DOTS)
    browser.press("ArrowRight", "ArrowRight")
    assert browser.run("dots") == []


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
    whole = view(card)
    card.press("+")
    assert view(card)[2] < whole[2]
    card.press("-")
    assert view(card) == pytest.approx(whole, abs=1e-3)
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
    assert buttons | {"panel", "progress"} <= set(reached)
    assert reached.index("nearer") < reached.index("panel") < reached.index("play") < reached.index("quiz")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_buttons_work_by_key(card, key):
    card.run("document.getElementById('next').focus()")
    card.press(key)
    assert frame(card) == 1
    assert not pressed(card, "play")


def test_play_walks_to_the_end_and_stops(browser, page_files):
    browser.open(page_files["card"])
    for _ in range(2):
        browser.click("#speed")
    assert text(browser, "#speed") == "4×"
    browser.press("End", "ArrowLeft", "ArrowLeft")
    play = "(play => { play.click(); return [play.textContent.trim(), play.ariaPressed, progress.ariaValueNow]; })"
    play += "(document.getElementById('play'))"
    assert browser.run(play) == ["pause", "true", "9"]
    browser.wait("document.getElementById('play').ariaPressed === 'false'")
    assert (frame(browser), text(browser, "#play")) == (last(browser), "play")
    assert browser.run(play) == ["pause", "true", "0"]  # again, from the beginning
    browser.click("#play")


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
    box = f"document.querySelector('{selector}').getBoundingClientRect()"
    return browser.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({box})")


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


def test_two_fingers_zoom_and_one_moves(browser, page_files):
    browser.open(page_files["card"], *SIZES["phone"], mobile=True)
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
def test_small_screens_follow_from_the_start(browser, page_files, name):
    browser.open(page_files[name], *SIZES["phone"], mobile=True)
    browser.press("ArrowRight")
    assert pressed(browser, "follow")
    sizes = browser.run("[...document.querySelectorAll('.now text')].map(t => t.getBoundingClientRect().height)")
    assert max(sizes) >= 12  # can be read


# ---- in a notebook


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
