"""What the lessons on training (08 to 12) find, where the last digits are not the point."""

import pytest
from running import ROOT, on_pytorch, output_of
from test_lessons import figures_of, ran


def test_unscaled_wine_is_a_constant_and_scaled_wine_is_learnt():
    figures = figures_of("08_wine.py")
    assert float(figures["epoch 51, unscaled"]) == pytest.approx(float(figures["the best constant's loss"]), abs=0.1)
    assert figures["dead units of fc1"] in ("99%", "100%")
    assert float(figures["accuracy, scaled"]) >= 0.95
    assert "unscaled, after 51 epochs" in (ran("08_wine.py")[2] / "08_gradient_flow.svg").read_text(encoding="utf-8")


def test_only_the_sigmoid_fails_to_learn():
    figures = figures_of("11_vanishing_gradients.py")
    assert float(figures["accuracy, sigmoid"]) < 0.4
    assert float(figures["accuracy, tanh"]) > 0.95
    assert float(figures["accuracy, ReLU"]) > 0.95


@pytest.mark.oracle
def test_optimizers_take_pytorchs_paths():
    """The points of all paths, as printed to four places, and the losses."""
    pytest.importorskip("torch")
    ours, _, folder = ran("12_optimizers.py")
    theirs = output_of("-c", on_pytorch("examples/12_optimizers.py"), "--quick", "--out", folder, cwd=ROOT / "examples")
    assert ours == theirs
    assert len(ours.splitlines()) > 20


def test_momentum_leaves_the_local_minimum():
    figures = figures_of("12_optimizers.py")
    assert (figures["gradient descent"], figures["with momentum"]) == ("x = 1.33", "x = -1.48")
    assert figures["steps in 10 passes"] == "10 50 400"
