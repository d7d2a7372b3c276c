"""jacobian, hessian and their products: values, structure, error words."""

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp


def point(torch=torch):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    return x, y


def cubed(x):
    return x**3


def scalar(x):
    return (x**3).sum()


def two(x, y):
    return x * y, (x**2).sum()


def scalar_of_two(x, y):
    return (x**2 * y).sum()


def test_jacobian_of_an_elementwise_function():
    x, _ = point()
    assert jacobian(cubed, x).tolist() == [[3.0, 0.0], [0.0, 12.0]]


def test_jacobian_is_nested_like_outputs_and_inputs():
    blocks = jacobian(two, point())
    assert [[each.tolist() for each in row] for row in blocks] == [
        [[[3.0, 0.0], [0.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]],
        [[2.0, 4.0], [0.0, 0.0]],
    ]


def test_jacobian_of_a_matrix_product():
    a = torch.arange(4.0).reshape(2, 2)
    result = jacobian(lambda a: a @ a, a)
    assert result.shape == (2, 2, 2, 2)
    # d(a @ a)[i, j] / da[k, l] = (i == k) a[l, j] + (j == l) a[i, k]
    expected = [
        [[[(i == k) * a[m, j].item() + (j == m) * a[i, k].item() for m in (0, 1)] for k in (0, 1)] for j in (0, 1)]
        for i in (0, 1)
    ]
    assert result.tolist() == expected


def test_jacobian_of_an_empty_tensor():
    assert jacobian(lambda x: x * 2, torch.ones(0)).shape == (0, 0)


def test_hessian():
    x, _ = point()
    assert hessian(scalar, x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    (xx, xy), (yx, yy) = hessian(scalar_of_two, point())
    assert xx.tolist() == [[6.0, 0.0], [0.0, 8.0]]
    assert xy.tolist() == yx.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert yy.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_products():
    x, _ = point()
    v = torch.tensor([1.0, 10.0], dtype=torch.float64)
    assert [each.tolist() for each in vjp(cubed, x, v)] == [[1.0, 8.0], [3.0, 120.0]]
    assert [each.tolist() for each in jvp(cubed, x, v)] == [[1.0, 8.0], [3.0, 120.0]]
    assert [each.tolist() for each in vhp(scalar, x, v)] == [9.0, [6.0, 120.0]]
    assert [each.tolist() for each in hvp(scalar, x, v)] == [9.0, [6.0, 120.0]]


def test_jvp_and_vjp_of_a_rectangular_jacobian():
    a = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64)
    x = torch.zeros(3, dtype=torch.float64)
    w = torch.tensor([1.0, 10.0], dtype=torch.float64)
    assert jvp(lambda x: a @ x, x, torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64))[1].tolist() == [-2.0, -2.0]
    assert vjp(lambda x: a @ x, x, w)[1].tolist() == [41.0, 52.0, 63.0]


def test_inputs_are_left_alone():
    x, _ = point()
    jacobian(cubed, x)
    hessian(scalar, x)
    vjp(scalar, x)
    assert x.grad is None
    assert x.is_leaf and x.tolist() == [1.0, 2.0]


def test_captured_tensors_are_constants():
    x, _ = point()
    assert jacobian(lambda a: a * x, x).tolist() == [[1.0, 0.0], [0.0, 2.0]]


def test_create_graph_differentiates_the_jacobian():
    x, _ = point()
    jacobian(cubed, x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    assert torch.autograd.gradcheck(lambda x: jvp(cubed, x, torch.ones_like(x), create_graph=True)[1], x)
    assert torch.autograd.gradcheck(lambda x: hvp(scalar, x, torch.ones_like(x), create_graph=True)[1], x)


# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def ones(torch):
    return torch.ones((), dtype=torch.float64)


JACOBIANS = {
    "vector": lambda t, f, x, y, g, h: f(g, x),
    "tuple of one": lambda t, f, x, y, g, h: f(g, (x,)),
    "tuple": lambda t, f, x, y, g, h: f(h, (x, y)),
    "create_graph": lambda t, f, x, y, g, h: f(g, x, create_graph=True),
    "vectorize": lambda t, f, x, y, g, h: f(h, (x, y), vectorize=True),
    "vectorize strict": lambda t, f, x, y, g, h: f(h, (x, y), vectorize=True, strict=True),
    "constant": lambda t, f, x, y, g, h: f(lambda x: ones(t), x),
    "constant strict": lambda t, f, x, y, g, h: f(lambda x: ones(t), x, strict=True),
    "unused": lambda t, f, x, y, g, h: f(lambda x, y: (x * x).sum(), (x, y)),
    "unused strict": lambda t, f, x, y, g, h: f(lambda x, y: (x * x).sum(), (x, y), strict=True),
    "linear": lambda t, f, x, y, g, h: f(lambda x: x.sum(), x),
    "linear strict": lambda t, f, x, y, g, h: f(lambda x: x.sum(), x, strict=True),
    "linear strict create_graph": lambda t, f, x, y, g, h: f(lambda x: x.sum(), x, strict=True, create_graph=True),
    "quadratic strict create_graph": lambda t, f, x, y, g, h: f(
        lambda x: (x * x).sum(), x, strict=True, create_graph=True
    ),
    "number": lambda t, f, x, y, g, h: f(g, 3),
    "number in tuple": lambda t, f, x, y, g, h: f(g, (x, 3)),
    "list": lambda t, f, x, y, g, h: f(g, [x]),
    "number out": lambda t, f, x, y, g, h: f(lambda x: 3, x),
    "number in tuple out": lambda t, f, x, y, g, h: f(lambda x: (x, 3), x),
    "no_grad": lambda t, f, x, y, g, h: t.no_grad()(lambda: f(g, x))(),
    "scalar input": lambda t, f, x, y, g, h: f(lambda a: (a * x).sum(), t.tensor(2.0, dtype=t.float64)),
    "forward mode": lambda t, f, x, y, g, h: f(g, x, False, False, False, "forward-mode"),
    "forward mode create_graph": lambda t, f, x, y, g, h: f(g, x, True, False, False, "forward-mode"),
    "forward mode strict": lambda t, f, x, y, g, h: f(g, x, False, True, False, "forward-mode"),
    "other mode": lambda t, f, x, y, g, h: f(g, x, False, False, False, "sideways"),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", JACOBIANS)
@pytest.mark.parametrize("function", ["jacobian", "hessian"])
def test_jacobian_and_hessian_agree(function, name):
    def script(torch):
        f = getattr(torch.autograd.functional, function)
        g, h = (cubed, two) if function == "jacobian" else (scalar, scalar_of_two)
        return JACOBIANS[name](torch, f, *point(torch), g, h)

    agree(script)


@pytest.mark.oracle
@pytest.mark.parametrize("function", [lambda x: (x.sum(),), cubed, lambda x: scalar(x).reshape(1, 1)])
def test_hessian_of_other_functions_agrees(function):
    agree(lambda torch: torch.autograd.functional.hessian(function, point(torch)[0]))


def run(torch, product, f, g, inputs, v, **options):
    """``product`` of f (for vjp, jvp) or of the scalar g (for vhp, hvp)."""
    func = f if product in ("vjp", "jvp") else g
    return getattr(torch.autograd.functional, product)(func, inputs, v, **options)


def cotangent(product, v):
    """The v that fits outputs ``two`` (vjp) or inputs (the others)."""
    return (v, v.sum()) if product == "vjp" else (v, v)


PRODUCTS = {
    "vector": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, v),
    "tuple": lambda t, p, x, y, v: run(t, p, two, scalar_of_two, (x, y), cotangent(p, v)),
    "tuple of one": lambda t, p, x, y, v: run(t, p, cubed, scalar, (x,), (v,)),
    "no v": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, None),
    "no v, one element": lambda t, p, x, y, v: run(t, p, cubed, scalar, x[:1], None),
    "size": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, t.ones(3, dtype=t.float64)),
    "length": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, (v, v)),
    "length for a tuple": lambda t, p, x, y, v: run(t, p, cubed, scalar, (x,), (v, v)),
    "size for a tuple": lambda t, p, x, y, v: run(t, p, cubed, scalar, (x,), (t.ones(3, dtype=t.float64),)),
    "length for two": lambda t, p, x, y, v: run(t, p, lambda x, y: (x,), lambda x, y: x.sum(), (x, y), (v[:1],)),
    "size of the second": lambda t, p, x, y, v: run(
        t, p, lambda *x: x, lambda *x: x[0].sum(), (x, y), (v, t.ones(3, dtype=t.float64))
    ),
    "number": lambda t, p, x, y, v: run(t, p, cubed, scalar, 3, v),
    "number for v": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, 3),
    "number out": lambda t, p, x, y, v: run(t, p, lambda x: 3, lambda x: 3, x, v),
    "create_graph": lambda t, p, x, y, v: run(t, p, cubed, scalar, x, v, create_graph=True),
    "constant": lambda t, p, x, y, v: run(t, p, lambda x: v * 2, lambda x: ones(t), x, v),
    "constant strict": lambda t, p, x, y, v: run(t, p, lambda x: v * 2, lambda x: ones(t), x, v, strict=True),
    "linear": lambda t, p, x, y, v: run(t, p, lambda x: x * 2, lambda x: x.sum(), x, v),
    "linear strict": lambda t, p, x, y, v: run(t, p, lambda x: x * 2, lambda x: x.sum(), x, v, strict=True),
    "linear strict create_graph": lambda t, p, x, y, v: run(
        t, p, lambda x: x * 2, lambda x: x.sum(), x, v, strict=True, create_graph=True
    ),
    "quadratic strict": lambda t, p, x, y, v: run(t, p, lambda x: x * x, lambda x: (x * x).sum(), x, v, strict=True),
    "quadratic strict create_graph": lambda t, p, x, y, v: run(
        t, p, lambda x: x * x, lambda x: (x * x).sum(), x, v, strict=True, create_graph=True
    ),
    "unused": lambda t, p, x, y, v: run(
        t, p, lambda x, y: x * x, lambda x, y: (x * x).sum(), (x, y), v if p == "vjp" else (v, v)
    ),
    "unused strict": lambda t, p, x, y, v: run(
        t, p, lambda x, y: x * x, lambda x, y: (x * x).sum(), (x, y), v if p == "vjp" else (v, v), strict=True
    ),
    "tuple out": lambda t, p, x, y, v: run(
        t, p, lambda x: (x.sum(),), lambda x: (x.sum(),), x, v.sum() if p == "vjp" else v
    ),
    "vector out": lambda t, p, x, y, v: run(t, p, cubed, cubed, x, v),
    "no_grad": lambda t, p, x, y, v: t.no_grad()(lambda: run(t, p, cubed, scalar, x, v))(),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("product", ["vjp", "jvp", "vhp", "hvp"])
def test_products_agree(product, name):
    agree(lambda torch: PRODUCTS[name](torch, product, *point(torch), torch.tensor([1.0, 2.0], dtype=torch.float64)))
