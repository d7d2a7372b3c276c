"""``torch.linalg``, ``torch.special``, in-place functions, and Poisson numbers: what no sample of an operation reaches."""

import importlib

import numpy as np
import pytest
from running import output_of

import tinygrad_edu as torch
from tinygrad_edu import methods


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["fft", "linalg", "signal.windows", "special"])
def test_names_are_pytorchs_and_mean_the_same(name):
    real = importlib.import_module(pytest.importorskip("torch").__name__ + f".{name}")
    ours = importlib.import_module(f"tinygrad_edu.{name}")
    assert set(ours.__all__) <= set(dir(real))
    assert all(callable(getattr(ours, each)) for each in ours.__all__)


@pytest.mark.oracle
@pytest.mark.parametrize("name", methods._IN_PLACE_FUNCTIONS)
def test_in_place_functions_are_the_methods(name):
    assert hasattr(pytest.importorskip("torch"), name)
    arguments = {
        "addmv_": (torch.eye(2), torch.ones(2)), "clamp_": (0.2, 0.4), "clamp_max_": (0.4,), "clamp_min_": (0.4,),
        "clip_": (0, 0.4),
        "fill_": (3,), "gcd_": (torch.tensor([6, 4]),), "lcm_": (torch.tensor([6, 4]),), "ldexp_": (torch.ones(2),),
        "index_put_": ((torch.tensor([0]),), torch.tensor(9.0)), "xlogy_": (torch.ones(2),),
        "resize_as_": (torch.ones(2),),
    }.get(name, ())  # fmt: skip
    value = torch.tensor([9, 6]) if name in ("gcd_", "lcm_") else torch.tensor([1.0, 0.5])
    if name in ("atanh_", "arctanh_", "acosh_", "arccosh_"):
        value = torch.tensor([1.5, 2.0]) if "acosh" in name or "arccosh" in name else torch.tensor([0.5, 0.25])
    one, two = value.clone(), value.clone()
    assert getattr(torch, name)(one, *arguments) is one
    assert torch.equal(one, getattr(two, name)(*arguments))
    with pytest.raises(TypeError, match=rf"{name}\(\): argument 'input' \(position 1\) must be Tensor, not float"):
        getattr(torch, name)(1.0)


@pytest.mark.oracle
def test_poisson_draws_are_pytorchs():
    real = pytest.importorskip("torch")
    rates = np.concatenate([[0.0], np.linspace(0.1, 9.9, 20), np.linspace(10, 300, 30)])
    for dtype in ("float32", "float64"):
        results = []
        for library in (torch, real):
            library.manual_seed(5)
            drawn = library.poisson(library.tensor(rates, dtype=getattr(library, dtype)))
            results.append((drawn.tolist(), library.rand(1).item()))
        assert results[0] == results[1]
    generator = torch.Generator().manual_seed(1)
    x = torch.full((2000,), 20.0, requires_grad=True)
    drawn = torch.poisson(x, generator)
    assert abs(drawn.mean().item() - 20) < 0.5 and abs(drawn.var().item() - 20) < 3
    drawn.sum().backward()
    assert x.grad.abs().max() == 0
    with pytest.raises(RuntimeError, match="expected rate to be non-negative"):
        torch.poisson(torch.tensor([-1.0]))
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        torch.poisson(torch.tensor([1]))


def test_errors_of_singular_matrices_can_be_caught():
    with pytest.raises(torch.linalg.LinAlgError, match="input matrix is singular"):
        torch.linalg.inv(torch.zeros(2, 2))
    assert issubclass(torch.linalg.LinAlgError, RuntimeError)


def test_views_of_windows_share_memory():
    x = torch.arange(5.0)
    windows = x.unfold(0, 3, 1)
    windows[0, 2] = 10
    assert x.tolist() == [0, 1, 10, 3, 4] and windows[:, 0].tolist() == [0, 1, 10]
    part = x[1:].as_strided((2, 2), (2, 1))
    assert part.tolist() == [[1, 10], [3, 4]]
    assert x[1:].as_strided((2,), (1,), 0).tolist() == [0, 1]


def test_a_singular_determinant_has_a_gradient():
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    torch.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4, -2], [-2, 1]], atol=1e-12)


@pytest.mark.parametrize("name", ["cov", "corrcoef"])
def test_gradients_of_covariances(name):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(3, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    function = getattr(torch, name)
    assert torch.autograd.gradcheck(function, [x]) and torch.autograd.gradgradcheck(function, [x])


def test_utils_data_needs_no_import_of_its_own():
    script = "import tinygrad_edu as torch; print(len(torch.utils.data.DataLoader([1, 2])), hasattr(torch.utils, 'nothing'))"
    assert output_of("-c", script) == "2 False\n"
