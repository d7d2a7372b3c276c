"""What the lessons on training (08 to 12) find, where the last digits are not the point."""

import pytest
from running import ROOT, on_pytorch, output_of
from test_lessons import figures_of, ran


@pytest.mark.parametrize("epochs", [51, 1000])  # quick and whole
def test_unscaled_wine_is_a_constant_and_scaled_wine_is_learnt(epochs):
    options = () if epochs == 51 else ("--epochs", epochs)
    figures = figures_of("08_wine.py", *options)
    assert float(figures[f"epoch {epochs}, unscaled"]) == pytest.approx(float(figures["the best constant's loss"]), abs=0.1)
    assert figures["dead units of fc1"] in ("99%", "100%")
    assert float(figures["accuracy, scaled"]) >= 0.95
    picture = ran("08_wine.py", *options)[2] / "08_gradient_flow.svg"
    assert f"unscaled, after {epochs} epochs" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [(), ("--epochs", 400)], ids=["quick", "whole"])
def test_only_the_sigmoid_fails_to_learn(options):
    figures = figures_of("11_vanishing_gradients.py", *options)
    assert float(figures["accuracy, sigmoid"]) < 0.4
    assert float(figures["accuracy, tanh"]) > 0.95
    assert float(figures["accuracy, ReLU"]) > 0.95


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["10_activations.py", "12_optimizers.py"])
def test_prints_what_pytorch_prints(name):
    """All that is printed: derivatives, or the points of all paths and their losses."""
    pytest.importorskip("torch")
    ours, _, folder = ran(name)
    theirs = output_of("-c", on_pytorch(f"examples/{name}"), "--quick", "--out", folder, cwd=ROOT / "examples")
    assert ours == theirs
    assert len(ours.splitlines()) > 20


def test_momentum_leaves_the_local_minimum():
    figures = figures_of("12_optimizers.py")
    assert (figures["gradient descent"], figures["with momentum"]) == ("x = 1.33", "x = -1.48")
    assert figures["steps in 10 passes"] == "10 50 400"
