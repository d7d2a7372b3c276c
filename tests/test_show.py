"""``python -m tinygrad_edu show FORMULA``: from a line of text to a page."""

import re
import webbrowser

import pytest
from running import output_of, python

import tinygrad_edu.__main__ as command
from tinygrad_edu.visualize.show import formula_page

CARD = "z = (x*y + max(y,0)) * sigmoid(x)"
RUN = ("-m", "tinygrad_edu", "show")


def test_writes_the_page(tmp_path):
    path = tmp_path / "new" / "z.html"
    assert output_of(*RUN, CARD, "x=2", "y=-3", "--out", path) == f"Page: {path}\n"
    page = path.read_text(encoding="utf-8")
    assert "<h1>z = (x · y + max(y, 0)) · σ(x)</h1>" in page
    assert "x.grad accumulates: −0.630 + −2.64 = −3.27 ✓ complete" in page
    assert page == formula_page(CARD, {"x": 2.0, "y": -3.0}).html


def test_writes_to_out_where_nothing_else_is_said(tmp_path):
    assert output_of(*RUN, "x*x", "x=2", cwd=tmp_path) == "Page: out/formula.html\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["formula.html"]


def test_vectors_matrices_and_several_statements(tmp_path):
    arguments = ("h = relu(W @ x + b); loss = mean(h ** 2)", "W=[[1,2],[3,-4]]", "x=[1, 0.5]", "b=[-1,1]")
    output_of(*RUN, *arguments, "--out", tmp_path / "h.html")
    page = (tmp_path / "h.html").read_text(encoding="utf-8")
    assert "h = relu(W @ x + b); loss = mean(h²)" in page
    assert "<b>∇W</b>" in page or "∇W =" in page


def test_opens_a_browser(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert command.main(["show", "x*x", "x=2", "--open", "--out", str(tmp_path / "a b.html")]) == 0
    assert opened == [(tmp_path / "a b.html").as_uri()]


def test_a_formula_that_begins_with_a_sign(tmp_path):
    output_of(*RUN, "--out", tmp_path / "a.html", "--", "-x*x", "x=2")
    assert "<h1>−x · x</h1>" in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([CARD.replace("max", "mx"), "x=2", "y=-3"],
         "there is no function mx; did you mean max?\n  z = (x*y + mx(y,0)) * sigmoid(x)\n             ^^"),
        ([CARD, "x=2"], "y has no value: give it one, as in y=1\n  z = (x*y + max(y,0)) * sigmoid(x)\n         ^"),
        ([CARD, "x=2", "y=-3", "q=1"], "q has a value, but stands nowhere in the formula"),
        ([CARD, "x=2", "y=-3", "x=1"], "x has two values\n  x=1\n  ^^^"),
        ([CARD, "x=2", "y"], "expected NAME=VALUE, as in x=2\n  y\n  ^"),
        ([CARD, "x=2", "y=os"], "os has no value: give it one, as in os=1\n  os\n  ^^"),
        ([CARD, "x=2", "3=4"], "expected NAME=VALUE, as in x=2\n  3=4\n  ^^^"),
        (["__import__('os').system('touch hacked')", "x=1"], "there is no function that"),
    ],
    ids=["function", "missing", "unused", "twice", "no value", "no number", "no name", "import"],
)  # fmt: skip
def test_errors_show_the_place_and_end_with_2(arguments, told, tmp_path):
    done = python(*RUN, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tinygrad_edu show: error: {told}")
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    done = python(*RUN, "x*x", "x=2", "--out", tmp_path / "file" / "page.html")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"tinygrad_edu show: error: \[Errno \d+\] .*\n", done.stderr)


def test_help():
    assert "NAME=VALUE" in output_of(*RUN, "--help")
