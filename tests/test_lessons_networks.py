"""What the lessons on training and on networks (23, 24) find, and the learning rule of the Boltzmann machine."""

import re
import sys

import numpy as np
import pytest
from running import ROOT, output_of, python
from test_lessons import figures_of, ran

import tinygrad_edu as torch


@pytest.fixture
def boltzmann(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import boltzmann

    yield boltzmann
    for name in ("boltzmann", "lesson"):
        sys.modules.pop(name, None)


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)]


def test_a_network_without_dropout_over_fits():
    figures = figures_of("23_overfitting.py")
    lowest, last = numbers(figures["many hidden units"])
    assert last > 1.5 * lowest
    assert float(figures["dropout"]) < 0.75 * last


def test_only_he_keeps_the_size_through_relus():
    figures = figures_of("23_overfitting.py")
    size = {name: numbers(figures[f"std with {name}"])[0] for name in ("N(0, 0.01²)", "N(0, 1)", "Xavier", "He")}
    assert size["N(0, 0.01²)"] < 1e-20
    assert size["N(0, 1)"] > 1e12
    assert 1e-5 < size["Xavier"] < 1e-2  # about 2 ** (-18 / 2) of the first layer's 0.1
    assert 0.3 < size["He"] < 3


def test_the_fewer_points_a_step_sees_the_less_steady_it_is():
    figures = figures_of("23_overfitting.py")
    assert float(figures["batch: the loss rises by"]) < float(figures["stochastic"])


def test_networks_learn_the_digits_even_in_a_short_run():
    pytest.importorskip("sklearn")
    figures = figures_of("24_networks.py")
    assert float(figures["convolutional network"]) > 0.9
    assert float(figures["recurrent network, RNN"]) > 0.75
    assert float(figures["recurrent network, LSTM"]) > 0.6
    assert float(figures["deep belief network"]) > 0.75
    assert float(figures["its first epoch"]) > float(figures["from random weights"]) + 0.2
    first, last = numbers(figures["Boltzmann machine's error"].replace("to", " "))
    assert last < 0.7 * first


@pytest.mark.parametrize("name", ["24_filters.png", "24_networks.png", "24_cnn.svg"])
def test_networks_are_shown_as_pictures(name):
    pytest.importorskip("sklearn")
    if name.endswith(".png"):
        pytest.importorskip("matplotlib")
    assert (ran("24_networks.py")[2] / name).stat().st_size > 1000


def test_a_whole_run_reaches_what_the_course_expects(tmp_path):
    pytest.importorskip("sklearn")
    output = output_of("examples/24_networks.py", "--out", tmp_path, env={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    found = dict(re.findall(r"^(\S.*?) {2,}.*test accuracy (0\.\d+|1\.0+)$", output, re.MULTILINE))
    assert float(found["CNN"]) >= 0.97
    assert float(found["RNN"]) >= 0.93
    assert float(found["LSTM"]) >= 0.93
    assert float(found["DBN, pre-trained"]) >= 0.95


def test_without_scikit_learn_one_sentence_says_what_to_install(tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError\n", encoding="utf-8")
    code = (
        f"import runpy, sys; sys.path[:0] = [{str(tmp_path)!r}, 'examples']; sys.argv[1:] = ['--quick']\n"
        "runpy.run_path('examples/24_networks.py', run_name='__main__')"
    )
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "load_digits() needs scikit-learn: run `pip install tinygrad-edu[data]`\n"


# ---- the restricted Boltzmann machine


def test_free_energy_sums_over_all_hidden_states(boltzmann):
    """-log Σ_h exp(b·v + c·h + h·Wv), with every h written out."""
    torch.manual_seed(3)
    rbm = boltzmann.RBM(5, 4)
    W, b, c = (torch.randn(*p.shape).numpy().astype(float) for p in (rbm.W, rbm.b, rbm.c))
    rbm.load_state_dict({"W": torch.tensor(W).float(), "b": torch.tensor(b).float(), "c": torch.tensor(c).float()})
    v = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 0, 1]], dtype=float)
    states = np.array([[i >> k & 1 for k in range(4)] for i in range(16)], dtype=float)
    energies = -(v @ b)[:, None] - states @ c - v @ W.T @ states.T
    expected = -np.log(np.exp(-energies).sum(axis=1))
    np.testing.assert_allclose(rbm.free_energy(torch.tensor(v).float()).detach().numpy(), expected, rtol=1e-5)


def test_contrastive_divergences_gradient_is_the_rule_of_the_textbooks(boltzmann):
    """ΔW ∝ <h vᵀ> of the data less that of the reconstruction, with the same random numbers."""
    torch.manual_seed(4)
    rbm, v = boltzmann.RBM(6, 5), torch.bernoulli(torch.full((20, 6), 0.4))
    torch.manual_seed(5)
    rbm.contrastive_divergence(v).backward()
    torch.manual_seed(5)
    v1 = rbm.gibbs(v)
    h, h1 = rbm.hidden(v).detach(), rbm.hidden(v1).detach()
    assert torch.allclose(-rbm.W.grad, (h.t() @ v - h1.t() @ v1) / 20, atol=1e-6)
    assert torch.allclose(-rbm.b.grad, (v - v1).mean(dim=0), atol=1e-6)
    assert torch.allclose(-rbm.c.grad, (h - h1).mean(dim=0), atol=1e-6)


def test_a_machine_learns_which_units_go_together(boltzmann):
    """The first half of each row equals the second; given the first, it completes the second."""
    torch.manual_seed(6)
    half = torch.bernoulli(torch.full((400, 3), 0.5))
    rbm = boltzmann.RBM(6, 12)
    errors = boltzmann.train_rbm(rbm, torch.cat([half, half], dim=1), epochs=40)
    assert errors[-1] < 0.5 * errors[0]
    patterns = torch.tensor([[i >> k & 1 for k in range(3)] for i in range(8)]).float()
    same = rbm.free_energy(torch.cat([patterns, patterns], dim=1))
    opposite = rbm.free_energy(torch.cat([patterns, 1 - patterns], dim=1))
    assert (same < opposite).all()


def test_a_deep_belief_network_begins_with_the_machines_weights(boltzmann):
    torch.manual_seed(7)
    data = torch.bernoulli(torch.full((40, 6), 0.5))
    net, machines, errors = boltzmann.deep_belief_network(data, [6, 5, 4], 3, epochs=2)
    assert [len(each) for each in errors] == [2, 2]
    hidden = machines[1].hidden(machines[0].hidden(data))
    assert torch.equal(net[:-1](data), hidden)
    assert net(data).shape == (40, 3)
    net(data).sum().backward()  # fine-tuning reaches the first layer
    assert net[1].weight.grad.abs().sum() > 0
