"""The first examples, run whole, show every figure of the course notes, and PyTorch's.

That every lesson runs in quick mode and ends with its table is tested in test_lessons.py.
"""

import functools
import re

import pytest
from running import ROOT, on_pytorch, output_of, squeezed

OPTIONS = {"05_iris.py": ["--epochs", "3"]}  # all epochs are the demo's test


@functools.cache
def printed(name, *options):
    return output_of(f"examples/{name}", *(options or OPTIONS.get(name, [])))


def shown(name, *options):
    """What an example prints before its table."""
    return printed(name, *options).partition("\n----")[0]


# The figures of the notes, without white space, in the order in which the examples print them.
FIGURES = {
    "01_multiply_function.py": [
        "z = tensor(12., grad_fn=<MultiplyBackward>)",
        "dL/dx = 20 <--+", "dL/dz = 5", "dL/dy = 15 <--+",
        "dL/dz = 5 * dz/dx = y = 4 = 20", "dL/dz = 5 * dz/dy = x = 3 = 15",
    ],
    "02_single_nodes.py": [
        "add, x 2.0000 * 1.0000 = 2.0000 engine: 2.0000",
        "add, y 2.0000 * 1.0000 = 2.0000 engine: 2.0000",
        "mul, x 2.0000 * -4.0000 = -8.0000 engine: -8.0000",
        "mul, y 2.0000 * 3.0000 = 6.0000 engine: 6.0000",
        "sigmoid, x 2.0000 * 0.2350 = 0.4700 engine: 0.4700",
        "max, x (larger) 2.0000 * 1.0000 = 2.0000 engine: 2.0000",
        "max, y (smaller) 2.0000 * 0.0000 = 0.0000 engine: 0.0000",
        "ReLU, x > 0 2.0000 * 1.0000 = 2.0000 engine: 2.0000",
        "ReLU, x < 0 2.0000 * 0.0000 = 0.0000 engine: 0.0000",
        "FanoutBackward0 [3.0, 3.0, 3.0]", "2 + 3 - 1 = 4.0",
        "max 1.0000 * 1.0000 = 1.0000 engine: 1.0000",
        "sigmoid 1.0000 * 0.1050 = 0.1050 engine: 0.1050",
        "mul, w 0.1050 * 2.0000 = 0.2100 engine: 0.2100",
        "mul, x 0.1050 * 0.5000 = 0.0525 engine: 0.0525",
        "MaximumBackward0 -> SigmoidBackward0 -> AddBackward0 -> MulBackward0 -> AccumulateGrad",
    ],
    "03_tensor_tutorial.py": [
        "tensor([[1., 1.], [1., 1.]], requires_grad=True) None",
        "tensor([[3., 3.], [3., 3.]], grad_fn=<AddBackward0>)",
        "tensor([[27., 27.], [27., 27.]], grad_fn=<MulBackward0>)",
        "tensor(27., grad_fn=<MeanBackward0>)",
        "False True", "grad_fn=<SumBackward0>) True",
        "tensor([[4.5000, 4.5000], [4.5000, 4.5000]])",
        "tensor([[4.5000, 4.5000], [4.5000, 4.5000]])",
        "tensor([[0.2500, 0.2500], [0.2500, 0.2500]])",
        "RuntimeError: Trying to backward through the graph a second time",
        "tensor([-0.3601, -1.3327, 0.3289], requires_grad=True)",
        "tensor([-0.7203, -2.6655, 0.6578], grad_fn=<MulBackward0>)",
        "tensor([ -368.7681, -1364.7264, 336.7958], grad_fn=<MulBackward0>)",
        "False tensor(True)",
    ],
    "04_network.py": [
        "Net(",
        *(f"(layer{i}): Linear(in_features={a}, out_features={b}, bias=True)"
          for i, (a, b) in enumerate([(4, 128), (128, 64), (64, 32), (32, 16), (16, 3)])),
        *(f"(bn{i}): BatchNorm1d({n}, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
          for i, n in enumerate([128, 64, 32])),
        "(act): ReLU() )",
        *(f"torch.Size({size})" for size in [
            [128, 4], [128], [64, 128], [64], [32, 64], [32], [16, 32], [16], [3, 16], [3],
            [128], [128], [64], [64], [32], [32],
        ]),
        "grad_fn=<AddmmBackward0>)",
        "layer4.bias.grad before backward: None", "layer4.bias.is_leaf: True",
        "layer4.bias.grad after backward: tensor([",
    ],
    "05_iris.py": [
        "epoch :001, loss :1.0827, accuracy :0.4464", "epoch :003, loss :1.0548, accuracy :0.5",
        "torch.return_types.max( values=tensor([", "grad_fn=<MaxBackward0>), indices=tensor([",
        "test_set accuracy :", "test_set accuracy, as the note measures it :",
    ],
    "06_softmax_cross_entropy.py": [
        "tensor([[-0.4015, -0.5934, 1.6885, 0.5554, -0.9433], [-0.6758, 1.4425, -1.4711, -1.3173, 2.3271],"
        " [ 0.0894, 0.6558, -0.5836, -0.1074, 0.0367]], requires_grad=True)",
        "tensor([[0.0764, 0.0630, 0.6174, 0.1988, 0.0444], [0.0329, 0.2732, 0.0148, 0.0173, 0.6618],"
        " [0.1983, 0.3494, 0.1012, 0.1629, 0.1882]], grad_fn=<SoftmaxBackward0>)",
        "tensor([3, 0, 0])",
        "tensor([[0., 0., 0., 0., 0.], [0., 0., 0., 0., 0.], [0., 0., 0., 0., 0.]])",
        "tensor([[0., 0., 0., 1., 0.], [1., 0., 0., 0., 0.], [1., 0., 0., 0., 0.]])",
        "tensor([1.6154, 3.4157, 1.6178], grad_fn=<NegBackward0>)",
        "tensor(2.2163, grad_fn=<NegBackward0>)",
        "tensor(2.2163, grad_fn=<NegBackward0>)",
        "tensor(2.2163, grad_fn=<NllLossBackward0>)",
    ],
    # The note sets no seed; these are PyTorch's losses, which test_softmax_regression_prints_pytorchs_losses finds.
    "07_softmax_regression.py": [
        "epoch:1 loss:1.5763", "epoch:101 loss:1.0867", "epoch:201 loss:0.9599", "epoch:301 loss:0.8695",
        "epoch:401 loss:0.8006", "epoch:501 loss:0.7446", "epoch:601 loss:0.6971", "epoch:701 loss:0.6558",
        "epoch:801 loss:0.6194", "epoch:901 loss:0.5870",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_prints_the_notes_figures(name):
    rest = squeezed(shown(name))
    for figure in FIGURES[name]:
        before, found, rest = rest.partition(squeezed(figure))
        assert found, f"{figure!r} is missing after what came before it; there is {before[:200]!r}"


def test_quick_runs_are_the_beginning_of_whole_ones():
    assert shown("07_softmax_regression.py").startswith(shown("07_softmax_regression.py", "--quick"))
    epochs = re.findall(r"^epoch :(\d+)", printed("05_iris.py", "--quick"), re.MULTILINE)
    assert epochs == [f"{i:03}" for i in range(1, 16)]


# ---- the same programs on PyTorch


def on_both(name):
    """What an example prints here and on PyTorch, before the table."""
    pytest.importorskip("torch")
    theirs = output_of("-c", on_pytorch(f"examples/{name}"), cwd=ROOT / "examples")
    return shown(name), theirs.partition("\n----")[0]


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["03_tensor_tutorial.py", "06_softmax_cross_entropy.py", "07_softmax_regression.py"])
def test_prints_what_pytorch_prints(name):
    ours, theirs = on_both(name)
    assert ours == theirs


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["01_multiply_function.py"])
def test_own_function_prints_what_it_prints_on_pytorch(name):
    ours, theirs = on_both(name)
    assert ours == theirs


IRIS = """
torch.manual_seed({seed})
X_train, X_test, y_train, y_test = load_data({seed})
net = Net()
for epoch, result in enumerate(train(net, X_train, y_train, {epochs}), start=1):
    print(report(epoch, *result))
"""


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [1, 9, 42])
def test_iris_prints_pytorchs_lines(seed):
    """The first 20 epochs, 560 steps, print the same lines.

    After some epochs the last bits, in which the order of a sum shows, have grown into the printed digits. Measured in
    epochs, for seeds 0, 1, 2, 3, 9, 42 and 777: PyTorch with AVX parts from this engine after 7, 27, 5, 8, 30, 50 and
    21, and from itself without AVX (ATEN_CPU_CAPABILITY=default) after 7, 27, 8, 8, 22, 38 and 17.
    """
    pytest.importorskip("torch")
    script = IRIS.format(seed=seed, epochs=20)
    theirs = output_of("-c", on_pytorch("tinygrad_edu/demo.py") + script)
    assert output_of("-c", "from tinygrad_edu.demo import *\n" + script) == theirs
    assert len(theirs.splitlines()) == 20
