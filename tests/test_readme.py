"""The README keeps its word: every Python block prints what stands below it."""

import contextlib
import io
import re

import pytest
from running import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def snippets():
    """(code, what it is said to print) for each Python block."""
    for i, (language, text) in enumerate(BLOCKS):
        if language == "python":
            following, expected = BLOCKS[i + 1] if i + 1 < len(BLOCKS) else ("", "")
            yield text, expected if following == "text" else ""


def test_every_snippet_prints_what_the_readme_says():
    namespace = {"__name__": "__main__"}  # one after the other, as a reader types them
    for code, expected in snippets():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), namespace)
        assert printed.getvalue() == expected, code


def test_every_output_belongs_to_a_snippet():
    languages = [language for language, _ in BLOCKS]
    assert languages.count("python") >= 7
    assert all(languages[i - 1] == "python" for i, language in enumerate(languages) if language == "text")


def test_the_two_commands_are_one_line_each_in_a_virtual_environment():
    commands = [text for language, text in BLOCKS if language == "sh"]
    start = 'python3 -m venv .venv && .venv/bin/pip install -e ".['
    assert [command.count("\n") for command in commands] == [1, 1]
    assert all(command.startswith(start) for command in commands)
    assert [command.rpartition(" -m ")[2] for command in commands] == ["tinygrad_edu demo\n", "pytest\n"]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./]+/[\w./]*|\.ci/run)`", README)) - {".venv/bin/"}))
def test_what_it_points_to_exists(path):
    inside = ROOT / "tinygrad_edu" / path
    assert (ROOT / path).exists() or inside.exists() or path.startswith("out/iris")


@pytest.mark.oracle
def test_snippets_run_on_pytorch_and_print_the_same():
    """All of the tour but this package's own data and its way to declare operations."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # steps so small wait longer for two threads than they gain
    namespace = {"__name__": "__main__"}
    for code, expected in snippets():
        if any(own in code for own in ("autograd.op", "visualize", "check_backward")):
            continue
        code = re.sub(r"\btinygrad_edu as torch\b", "torch", code)
        code = re.sub(r"\btinygrad_edu\.(nn|utils)\b", r"torch.\1", code)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), namespace)
        assert printed.getvalue() == expected, code
    assert namespace["torch"] is torch
    torch.set_num_threads(threads)
