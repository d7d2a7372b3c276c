"""A pass for other programs: networkx, LaTeX, slides, files."""

from __future__ import annotations

import builtins
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from traces import formula_trace, mlp_trace

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import record, save, slides, to_networkx, to_tikz, trace
from tinygrad_edu.visualize.exports import export
from tinygrad_edu.visualize.formulas.latex import is_derived
from tinygrad_edu.visualize.pictures.engines import render
from tinygrad_edu.visualize.trace import Trace

HOSTILE = '<script>alert(1)</script> & "x" \\input{/etc/passwd} 50% #1 $a$ ~^_{} é 名 \u202e\n|'


def recorded() -> Trace:
    """A network with cross-entropy as it was recorded."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with record():
        loss = nn.functional.cross_entropy(model(torch.randn(5, 4)), torch.tensor([0, 1, 1, 0, 1]))
        loss.backward()
    return trace(loss, {"model": model, "loss": loss})


# ---- networkx --------------------------------------------------------------------------------------------------------------


def test_networkx(tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    graph = to_networkx(formula_trace())
    assert graph.is_directed() and graph.is_multigraph()
    assert networkx.is_directed_acyclic_graph(graph)
    assert graph.graph == {"root": "v6", "ran": True}
    assert len(graph) == 7 + 5
    assert graph.nodes["v0"] == {
        "what": "value", "label": "x", "kind": "leaf", "shape": "()", "dtype": "float32", "value": 2.0,
        "grad": pytest.approx(-3.2724, abs=1e-4),
    }  # fmt: skip
    step = graph.nodes["s0"]
    assert (step["label"], step["op"], step["formula"], step["ran"]) == ("×", "mul", "a = x · y", True)
    [edge] = graph.get_edge_data("v0", "s0").values()
    assert edge["rule"] == "y" and edge["downstream"] == pytest.approx(-3 * 0.8808, abs=1e-3)
    networkx.write_graphml(graph, tmp_path / "pass.graphml")  # refuses attributes that are not plain
    assert len(networkx.read_graphml(tmp_path / "pass.graphml")) == len(graph)


def test_networkx_has_an_edge_for_every_use() -> None:
    pytest.importorskip("networkx")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        loss = (x * x).sum()
        loss.backward()
    graph = to_networkx(loss, {"x": x})
    assert graph.number_of_edges("v0", "s0") == 2
    assert graph.nodes["v0"]["rms"] == pytest.approx(np.sqrt(2.5))
    assert "value" not in graph.nodes["v0"] and "grad_rms" in graph.nodes["v0"]


def test_without_networkx_one_sentence_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "networkx":
            raise ModuleNotFoundError("No module named 'networkx'", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "networkx", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ModuleNotFoundError, match=r"pip install tinygrad-edu\[viz\]"):
        to_networkx(formula_trace())


# ---- LaTeX -----------------------------------------------------------------------------------------------------------------


def assert_sound(text: str) -> None:
    """A document whose environments, braces and dollars match, of ASCII alone."""
    assert text.isascii()
    assert re.findall(r"\\begin\{(\w+)\}", text).count("gathered") == re.findall(r"\\end\{(\w+)\}", text).count("gathered")
    assert text.startswith(r"\documentclass") and text.rstrip().endswith(r"\end{document}")
    plain = re.sub(r"\\[\\{}$]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    for line in plain.splitlines():
        assert line.count("{") == line.count("}") or line.startswith(("  card", r"\newcommand"))


def test_tikz_has_a_card_for_each_and_an_edge_for_each() -> None:
    found = recorded()
    text = to_tikz(found, title="A network")
    assert_sound(text)
    for value in found.values:
        assert (f" (v{value.id}) at " in text) == (value.made_by is None)
    for step in found.steps:
        assert f" (s{step.id}) at " in text
    uses = sum(len(step.inputs) for step in found.steps)
    assert text.count(r"\draw[latex-") + text.count(r"\draw[-latex") == uses
    assert r"G^{\top} \cdot" in text and r"\mathbf{1}[" in text
    assert to_tikz(found, title="A network") == text


def test_tikz_writes_the_equation_with_its_numbers() -> None:
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
    with record():
        z = x * y
        z.backward()
    text = to_tikz(z, names={"x": x, "y": y, "z": z})
    assert r"\nabla x = \underset{-3.00}{y} \cdot \grad{1.00} = \grad{-3.00}" in text
    assert r"z = x \cdot y = \val{-6.00}" in text


def test_nothing_in_a_name_is_a_command(tmp_path: Path) -> None:
    found = formula_trace()
    for value in found.values:
        value.name = HOSTILE + str(value.id)
    for step in found.steps:
        step.formula = step.note = step.module = HOSTILE
        step.formula_latex = r"\input{/etc/passwd}"
        for each in step.inputs:
            each.rule = HOSTILE
            each.rule_latex = r"}\write18{ls}"
    text = to_tikz(found, title=HOSTILE)
    assert_sound(text)
    assert not re.search(r"\\(input|write)", text.replace(r"\textbackslash{}", ""))
    assert not is_derived(r"\input{x}") and not is_derived("}{") and not is_derived("é") and is_derived(r"\frac{x}{y}")
    compiled(text, tmp_path)


def compiled(text: str, folder: Path) -> None:
    """Whether LaTeX takes it, where there is one."""
    if shutil.which("pdflatex") is None or not has_standalone():
        return
    (folder / "pass.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "pass.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    assert (folder / "pass.pdf").read_bytes().startswith(b"%PDF")


def has_standalone() -> bool:
    found = subprocess.run(["kpsewhich", "standalone.cls", "tikz.sty"], capture_output=True, text=True, check=False)
    return len(found.stdout.split()) == 2


@pytest.mark.parametrize("make", [recorded, lambda: formula_trace(False), mlp_trace], ids=["recorded", "not run", "written"])
def test_tikz_compiles(make: Any, tmp_path: Path) -> None:
    text = to_tikz(make(), tmp_path / "picture.tex")
    assert (tmp_path / "picture.tex").read_text() == text
    assert_sound(text)
    compiled(text, tmp_path)


# ---- slides ----------------------------------------------------------------------------------------------------------------


def visible(svg: str) -> set[str]:
    """The numbers that can be seen."""
    root = ET.fromstring(svg)
    texts = [each for each in root.iter() if each.tag.endswith("text") and each.get("visibility") != "hidden"]
    return {each.text or "" for each in texts}


def test_slides(tmp_path: Path) -> None:
    files = slides(formula_trace(), tmp_path / "new")
    assert [each.name for each in files] == [
        "001-start.svg", *(f"{i:03d}-forward.svg" for i in range(2, 7)), *(f"{i:03d}-backward.svg" for i in range(7, 13)),
    ]  # fmt: skip
    pictures = [each.read_text() for each in files]
    sizes = {re.search(r'viewBox="[^"]*"', each)[0] for each in pictures}  # type: ignore[index]
    assert len(sizes) == 1
    first, last = visible(pictures[0]), visible(pictures[-1])
    assert "−6.00" not in first and "2.00" in first
    assert {"−6.00", "−5.28", "−3.27", "1.76"} <= last
    known = [len(visible(each) & {"−6.00", "−5.28", "0.881", "−0.630", "−2.64", "−3.27", "1.76"}) for each in pictures]
    assert known == sorted(known)
    assert "−3.27" not in visible(pictures[-2])
    assert all("<script" not in each for each in pictures)


def test_slides_of_a_pass_that_has_not_run_are_those_forward(tmp_path: Path) -> None:
    files = slides(formula_trace(False), tmp_path)
    assert {each.name.partition("-")[2] for each in files} == {"start.svg", "forward.svg"}


def test_slides_replace_those_of_another_pass(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    slides(formula_trace(), tmp_path)
    files = slides(formula_trace(False), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*(each.name for each in files), "notes.txt"])
    assert [each.read_bytes() for each in files] == [each.read_bytes() for each in slides(formula_trace(False), tmp_path)]


def test_hostile_names_on_slides(tmp_path: Path) -> None:
    found = formula_trace()
    found.values[0].name = HOSTILE
    found.steps[0].formula = HOSTILE
    for each in slides(found, tmp_path, title=HOSTILE):
        root = ET.fromstring(each.read_text())
        assert not [element for element in root.iter() if element.tag.endswith("script")]


# ---- files -----------------------------------------------------------------------------------------------------------------


def test_save_chooses_by_the_suffix(tmp_path: Path) -> None:
    found = recorded()
    begins = {".svg": "<svg", ".dot": "digraph", ".gv": "digraph", ".html": "<!doctype html", ".json": "{", ".txt": "Forward"}
    begins[".tex"] = r"\documentclass"
    for suffix, start in begins.items():
        path = save(found, tmp_path / f"pass{suffix.upper() if suffix == '.svg' else suffix}")
        assert path.read_text(encoding="utf-8").lower().startswith(start.lower()), suffix
        assert path.read_bytes() == save(found, path).read_bytes()
    assert Trace.from_json((tmp_path / "pass.json").read_text()).to_json() == found.to_json()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_save_as_a_picture_of_graphviz(suffix: str, magic: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"pass{suffix}"
    if render("digraph {a}", suffix[1:]) is None:
        with pytest.raises(RuntimeError, match=r"pip install tinygrad-edu\[viz\]"):
            save(formula_trace(), path)
        assert not path.exists()
    else:
        assert save(formula_trace(), path).read_bytes().startswith(magic)


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not end in one of \.svg, \.png"):
        save(formula_trace(), tmp_path / "pass.bmp")
    with pytest.raises(OSError):
        save(formula_trace(), tmp_path / "nowhere" / "pass.svg")


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(formula_trace(), tmp_path / "pass.txt")
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(mlp_trace(), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["pass.txt"]


def test_every_format_takes_a_tensor(tmp_path: Path) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.backward()
    for suffix in (".svg", ".html", ".json", ".dot", ".tex", ".txt"):
        assert save(y, tmp_path / f"y{suffix}", names={"x": x, "y": y}).stat().st_size
    assert set(export.FORMATS) >= {".svg", ".html", ".json", ".dot", ".png", ".pdf", ".tex"}
