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
