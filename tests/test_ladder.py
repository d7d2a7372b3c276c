"""The picture of a gradient's flow: all of its text is inside, and equal values are a peak."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tinygrad_edu.nn as nn

import tinygrad_edu as torch
from tinygrad_edu.visualize import gradient_flow
from tinygrad_edu.visualize.text import text_width

SVG = "{http://www.w3.org/2000/svg}"


def flow_of(model, name, x):
    with gradient_flow(model, name=name) as flow:
        model(x).sum().backward()
    return flow


@pytest.fixture
def dead():
    """A network whose first layer's units are all 0."""
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        model[0].bias.fill_(-100.0)
    return model


@pytest.mark.parametrize("name", ["a", "a network with a name that is long, before the first step"])
def test_headings_and_caption_are_inside(dead, name):
    picture = ElementTree.fromstring(flow_of(dead, name, torch.randn(8, 3)).svg())
    panel = next(each for each in picture.iter(f"{SVG}rect") if each.get("class") == "panel")
    right = float(panel.get("x")) + float(panel.get("width"))
    assert float(picture.get("width")) >= right
    texts = picture.findall(f"{SVG}text")  # the cards' own texts are inside groups
    assert len(texts) >= 6
    for each in texts:
        size = int(re.search(r"\bt(\d+)\b", each.get("class")).group(1))
        bold = " b" in each.get("class")
        assert float(each.get("x")) + text_width(each.text, size, bold) <= right, each.text


def test_equal_values_are_a_peak(dead):
    flow = flow_of(dead, "dead", torch.randn(8, 3))
    assert flow.verdict == "dead"
    assert np.count_nonzero(flow.layers[0].activations.counts) == 1
    group = re.search(r'<g class="layer".*?</g>', flow.svg(), re.DOTALL).group(0)
    bar = ElementTree.fromstring(group).find("path[@class='forward']").get("d")
    (width,) = re.findall(r"h([\d.]+)", bar)
    assert float(width) < 74 / 8
