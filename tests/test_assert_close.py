"""assert_close accepts what PyTorch's accepts, and complains in its words."""

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu.testing import assert_allclose, assert_close

NAN, INF = float("nan"), float("inf")
CASES = {
    "one of three": ("T([1.0, 2, 3])", "T([1.0, 2, 4])", {}),
    "within": ("T([1.0, 2, 3])", "T([1.000001, 2, 3])", {}),
    "numbers": ("1.0", "2.0", {}),
    "types of numbers": ("1", "1.0", {}),
    "types of numbers ignored": ("1", "1.0", {"check_dtype": False}),
    "0-d": ("T(1.0)", "T(2.0)", {}),
    "shapes": ("T([1.0, 1])", "T([1.0, 1, 1])", {}),
    "dtypes": ("T([1.0])", "T([1.0], dtype=torch.float64)", {}),
    "dtypes ignored": ("T([1.0])", "T([1.0], dtype=torch.float64)", {"check_dtype": False}),
    "list": ("[T([1.0]), 1]", "[T([1.0]), 2]", {}),
    "lengths": ("[1]", "[1, 2]", {}),
    "keys": ("{'a': 1}", "{'b': 1}", {}),
    "dictionary": ("{'a': T([1.0])}", "{'a': T([0.0])}", {}),
    "nested": ("{'a': [1, {'b': 2.0}]}", "{'a': [1, {'b': 3.0}]}", {}),
    "list and tuple": ("[T([1.0])]", "(T([1.0]),)", {}),
    "no pair": ("1", "'a'", {}),
    "strings": ("'a'", "'a'", {}),
    "tensor and number": ("T([1.0])", "1.0", {}),
    "nan": ("T([NAN])", "T([NAN])", {}),
    "nan allowed": ("T([NAN, 1])", "T([NAN, 1])", {"equal_nan": True}),
    "inf": ("T([1.0, 1])", "T([INF, 1])", {}),
    "equal inf": ("T([INF, -INF])", "T([INF, -INF])", {}),
    "matrix": ("T([[1.0, 1], [1, 1]])", "T([[0.0, 1], [0, 1]])", {}),
    "integers": ("T([1, 2])", "T([1, 3])", {}),
    "bools": ("T([True])", "T([False])", {}),
    "uint8": ("T([1], dtype=torch.uint8)", "T([3], dtype=torch.uint8)", {}),
    "half": ("T([1.0], dtype=torch.float16)", "T([1.01], dtype=torch.float16)", {}),
    "half within": ("T([1.0], dtype=torch.float16)", "T([1.001], dtype=torch.float16)", {}),
    "complex": ("T([1j])", "T([2j])", {}),
    "complex numbers": ("1j", "2j", {}),
    "one tolerance": ("T([1.0])", "T([1.0])", {"rtol": 1e-3}),
    "tolerances": ("T([1.0])", "T([1.1])", {"rtol": 0.0, "atol": 0.2}),
    "tolerances exceeded": ("T([1.0])", "T([1.5])", {"rtol": 0.1, "atol": 0.2}),
    "zero tolerance": ("T([1.0])", "T([1.5])", {"rtol": 0, "atol": 0}),
    "arrays": ("np.ones(2)", "np.zeros(2)", {}),
    "strides": ("torch.ones(2, 2).t()", "torch.ones(2, 2)", {"check_stride": True}),
    "None": ("None", "None", {}),
    "None and not": ("None", "1", {}),
    "True and False": ("True", "False", {}),
    "parameter": ("torch.nn.Parameter(T([1.0]))", "T([1.0])", {}),
    "parameter refused": ("torch.nn.Parameter(T([1.0]))", "T([1.0])", {"allow_subclasses": False}),
    "empty": ("T([])", "T([])", {}),
    "message": ("T([1.0])", "T([2.0])", {"msg": "oops"}),
    "message from message": ("T([1.0])", "T([2.0])", {"msg": "HEAD\n{}".format}),
    "requires grad": ("T([1.0], requires_grad=True)", "T([1.0])", {}),
}


def outcome(torch, compare, actual, expected, options):
    scope = {"torch": torch, "T": torch.tensor, "np": np, "NAN": NAN, "INF": INF}
    try:
        compare(eval(actual, scope), eval(expected, scope), **options)
    except (AssertionError, TypeError, ValueError) as error:
        return type(error), str(error).replace("torch.nn.parameter", "tinygrad_edu.nn.parameter")
    return None


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name):
    real = pytest.importorskip("torch")
    assert outcome(torch, assert_close, *CASES[name]) == outcome(real, real.testing.assert_close, *CASES[name])


def test_what_is_close_passes_and_what_is_not_says_where():
    assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.000001]))
    with pytest.raises(AssertionError) as caught:
        assert_close({"w": [torch.tensor([[1.0, 2.0], [3.0, 4.0]])]}, {"w": [torch.tensor([[1.0, 2.0], [3.0, 8.0]])]})
    assert str(caught.value) == (
        "Tensor-likes are not close!\n\nMismatched elements: 1 / 4 (25.0%)\n"
        "Greatest absolute difference: 4.0 at index (1, 1) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.5 at index (1, 1) (up to 1.3e-06 allowed)\n\n"
        "The failure occurred for item ['w'][0]"
    )


def test_assert_allclose():
    assert_allclose(torch.tensor([1.0, NAN]), [1.0, NAN])
    assert_allclose([1.0], torch.tensor([1.0], dtype=torch.float64))
    with pytest.raises(AssertionError, match="not close"):
        assert_allclose([1.0], [2.0])
