"""What tests of pictures share: programs to record, and how a picture is read back."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import record, trace
from tinygrad_edu.visualize.pictures.draw import Drawing
from tinygrad_edu.visualize.pictures.layered import layered_layout

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")


def parsed(picture: Drawing) -> ET.Element:
    return ET.fromstring(picture.svg())


def by_id(root: ET.Element) -> dict[str, ET.Element]:
    found = [element for element in root.iter() if "id" in element.attrib]
    assert len({element.get("id") for element in found}) == len(found)
    return {element.get("id"): element for element in found}


def words(element: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


def value_of(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def recorded(program):
    """The trace of a function that returns a loss and the names of its tensors."""
    torch.manual_seed(0)
    with record():
        loss, names = program()
        loss.backward()
    return trace(loss, names)


def block_program():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(4, 6), nn.Linear(6, 4)

        def forward(self, x):
            return x + self.down(torch.relu(self.up(x)))

    x = torch.randn(3, 4, requires_grad=True)
    net = nn.Sequential(Block(), Block())
    loss = nn.functional.cross_entropy(net(x), torch.tensor([0, 1, 3]))
    return loss, {"x": x, "loss": loss}


def shapes_program():
    x, w = torch.randn(40, 30, requires_grad=True), torch.randn(30, requires_grad=True)
    h = (x * w).reshape(6, 200)
    a, b = h.split(100, dim=1)
    best = torch.maximum(a, b).max(dim=1).values
    with torch.no_grad():
        frozen = best * 2
    loss = (best[1:3] * best.detach()[1:3]).sum() + torch.log(frozen.abs()).sum() + x[[0, 2], 1].prod()
    return loss, {"x": x, "w": w, "loss": loss}


def loop_program():
    w, h = torch.tensor(0.9, requires_grad=True), torch.tensor(0.5)
    for _ in range(100):
        h = torch.tanh(h * w)
    return h, {"w": w}


PROGRAMS = [block_program, shapes_program, loop_program]


def own_layout(picture: Drawing) -> Drawing:
    """The same picture, laid out without Graphviz."""
    picture.__dict__["layout"] = layered_layout(picture.graph)
    return picture
