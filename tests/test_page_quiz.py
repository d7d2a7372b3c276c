"""The step-through page's quiz and path view in a real browser."""

import pytest
from page_checks import frame, last, panel, pressed, text
from pages import PAGES

import tinygrad_edu as torch
from tinygrad_edu.visualize import page, record

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


@pytest.mark.parametrize(
    "given",
    ["-2.64", "−2.64", " -2.64 ", "–2.64", "-2.642", "-2,64", "-2.64e0", "-264e-2", "-.264e1", "-26.4E-1", "-2.643", "－2.64"],
)
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
    labels = card.run("[...document.querySelectorAll('section:not([hidden]) .eq')].map(each => each.ariaLabel)")
    assert not any("0.881" in each for each in labels)
    answer(card, "0.881")
    answer(card, "-6")
    assert "0.881" in panel(card)
    assert "0.881" in text(card, "#say")
    assert card.run("document.querySelectorAll('.quiz').length") == 0


def test_cell_that_is_asked_for_has_no_colour(browser, page_files):
    browser.open(page_files["mlp"])
    colour = "getComputedStyle(document.querySelector('{}')).backgroundColor"
    browser.press("q")
    assert browser.run(colour.format("td:has(.quiz)")) == "rgba(0, 0, 0, 0)"
    browser.press("q")
    assert browser.run(colour.format("section:not([hidden]) td:has(.ask)")) != "rgba(0, 0, 0, 0)"


def test_every_question_by_keyboard(browser, page_files):
    for name in PAGES:
        browser.open(page_files[name])
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


def test_enter_goes_on_to_the_next_question(card):
    card.press("Home", "q")
    for given in ("0.881", "-6"):
        answer(card, given)
    assert text(card, "#phase") == "backward 2 / 6"
    card.press("Enter")
    assert text(card, "#phase") == "backward 3 / 6"
    assert card.run("document.activeElement.tagName") == "INPUT"


def test_letters_still_act_in_the_answer_box(card):
    ask_last(card)
    card.press("ArrowLeft")
    assert text(card, "#phase") == "backward 5 / 6"
    card.press("-", "+")  # a sign of the number, not of the view
    assert card.run("document.activeElement.value") == "-+"
    card.run("document.activeElement.select()")
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
        listed = "[...document.querySelectorAll('.ways:not([hidden]) .path')]"
        products = card.run(f"{listed}.map(each => Number(each.dataset.product))")
        grad = float(card.run("document.querySelector('.ways:not([hidden]) .sum').dataset.grad"))
        assert len(products) == 2
        assert sum(products) == pytest.approx(grad, rel=1e-12)
    assert "x → a → c → z−3.00 × 1.00 × 0.881 = −2.64" in card.run("document.getElementById('ways').textContent")


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


def test_no_paths_through_arrays(browser, page_files):
    browser.open(page_files["mlp"])
    assert browser.run("document.getElementById('paths').disabled")
    browser.press("p")
    assert text(browser, "#say") == "Paths are shown for graphs of single numbers."
    assert not pressed(browser, "paths")
