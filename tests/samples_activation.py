"""Samples of the activation functions beside those of :mod:`samples`."""

from __future__ import annotations

from typing import Any

from sampling import A, N, P, Z, functional, row, s

row("F.mish F.celu F.selu F.hardswish F.hardshrink F.softshrink F.softsign F.rrelu",
    s(N(2, 3)), s(N()), s(N(0)), s(A([3.0, -3.0, 0.5, -0.5, 0.0]), smooth=False, twice=False))  # fmt: skip
row("F.tanhshrink", s(A([0.9, -0.9, 1.7, -1.7])), s(A(0.8)), s(N(0)), s(N(2, 3), dtypes=False))  # near 0 digits cancel
row("F.hardsigmoid", s(N(2, 3)), s(N()), s(N(0)), s(A([3.0, -3.0, 0.5]), smooth=False), twice=False)
row("F.relu6", s(N(2, 3) * 4, dtypes=False), s(N()))
row("F.mish", s(A([40.0, -40.0])), s(A([800.0]), twice=False))
row("F.celu", s(N(4), 0.5), s(N(4), alpha=-1.0))
row("celu", s(N(3), 0.7), s(N(3)))
row("hardshrink F.hardshrink F.softshrink", s(N(4), 0.7), s(N(3), lambd=0))
row("F.threshold threshold", s(N(4), 0.3, 5.0), s(Z(4), 1, 7), s(A([0.3, 1.0]), 0.3, 0.0, smooth=False, dtypes=False))
row("F.rrelu rrelu", s(N(4), 0.2, 0.4), s(N(4), 0.3, 0.3, True, dtypes=False))
row("prelu F.prelu", s(N(2, 3), P(1)), s(N(2, 3), P(3)), s(N(2, 3, 2), P(3)), s(N(4), P(1)), s(N(), P(1)), s(N(), P()),
    s(N(2, 3), P()), s(N(0, 2), P(2)), s(A([0.0, -0.0]), P(1), smooth=False, twice=False))  # fmt: skip
row("F.glu", s(N(2, 4)), s(N(4, 3), 0), s(N(2, 4, 2), dim=1), s(N(0, 2)))
row("selu", s(N(3)))


def _activation_in_place(name: str) -> Any:
    return lambda torch, x, *args: getattr(functional(torch), name)(x.clone(), *args, inplace=True) * x


for _name, *_options in (
    ("relu",), ("leaky_relu",), ("leaky_relu", 0.2), ("elu",), ("elu", 0.7), ("celu",), ("celu", 0.7), ("selu",), ("hardtanh",),
    ("relu6",), ("hardsigmoid",), ("hardswish",), ("silu",), ("mish",), ("rrelu",), ("rrelu", 0.3, 0.3, True),
    ("threshold", 0.1, 0.05),
):  # fmt: skip
    row(f"F.{_name} in place", *[s(x, *_options, _call=_activation_in_place(_name)) for x in (N(2, 3), N())], dtypes=False,
        twice=_name != "hardsigmoid")  # fmt: skip
