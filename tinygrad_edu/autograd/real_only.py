"""What PyTorch's operations for numbers with an order say to complex ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import not_implemented

__all__ = ["complex_refusal", "refuse_complex"]

_KERNELS = {
    "aminmax": "aminmax_cpu", "amax": "max_values_cpu", "amin": "min_values_cpu", "bincount": "bincount_cpu",
    "clamp_max.clamp_tensor": "minimum_cpu", "clamp_min.clamp_tensor": "maximum_cpu",
    "cummax": "cummax_cpu", "cummin": "cummin_cpu", "digamma": "digamma", "erf": "erf_vml_cpu", "erfc": "erfc_vml_cpu",
    "erfinv": "erfinv_vml_cpu", "histc": "aminmax_cpu", "kthvalue": "kthvalue_cpu", "lgamma": "lgamma_vml_cpu",
    "logit": "logit_cpu", "max.max_all": "max_all", "median.choose": "median_out", "median.median_all": "median_cpu",
    "min.min_all": "min_all", "mode": "mode_cpu", "nanmedian.choose": "median_out",
    "nanmedian.nanmedian_all": "median_cpu", "round": "round_vml_cpu", "round.round_decimals": "round_cpu",
    "searchsorted": "searchsorted_out_cpu", "unique": "unique", "unique_dim": "unique_dim",
    "i0": "i0_vml_cpu", "igamma": "igamma_cpu", "igammac": "igammac_cpu",
    **{
        f"special_{name}": f"{name}_cpu"
        for name in """
            airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
            chebyshev_polynomial_v chebyshev_polynomial_w entr erfcx hermite_polynomial_h hermite_polynomial_he i0e i1 i1e
            laguerre_polynomial_l legendre_polynomial_p log_ndtr modified_bessel_i0 modified_bessel_i1 modified_bessel_k0
            modified_bessel_k1 ndtri scaled_modified_bessel_k0 scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t
            shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w spherical_bessel_j0
            xlog1py zeta
        """.split()  # noqa: SIM905
    },
}  # fmt: skip
"""The kernels that were not compiled for complex numbers, by public name (and forward, where it has several)."""

_CLAMP = NotImplementedError, "clamp is not supported for complex types"
_SENTENCES: dict[str, tuple[type[Exception], str]] = {
    **dict.fromkeys(("clamp", "clamp_max", "clamp_min", "hardtanh"), _CLAMP),
    "heaviside": (RuntimeError, "heaviside is not yet implemented for complex tensors."),
    "isin": (RuntimeError, "Unsupported input type encountered for isin(): {}"),
    "kl_div": (RuntimeError, "kl_div: Complex inputs not supported."),
    "nansum": (RuntimeError, "nansum on CPU does not support complex inputs"),
    "signbit": (NotImplementedError, "signbit is not implemented for complex tensors."),
    "topk": (RuntimeError, " topk does not support complex dtypes on CPU"),
    **dict.fromkeys(("sort", "argsort"), (RuntimeError, " Sort does not support complex dtypes on CPU")),
    **{name: (NotImplementedError, f"{name} is not supported for complex inputs") for name in ("floor", "ceil", "trunc")},
    **{name: (RuntimeError, f"{name}(): does not support complex input") for name in ("argmax", "argmin", "max", "min")},
    **{name: (RuntimeError, f"{name} not implemented for complex tensors.") for name in ("maximum", "minimum", "fmax", "fmin")},
    **{name: (RuntimeError, f"{name} is not supported for complex tensors.") for name in ("deg2rad", "rad2deg")},
    **{name: (RuntimeError, f"{name} does not support complex inputs.") for name in ("isposinf", "isneginf")},
}


def complex_refusal(public: str, forward: str) -> str:
    """The name under which an operation's refusal is known; "" if it takes complex numbers."""
    names = (f"{public}.{forward}", public)
    return next((name for name in names if name in _KERNELS or name in _SENTENCES), "")


def refuse_complex(name: str, array: Any) -> None:
    """Raise PyTorch's error if ``array`` is complex."""
    if array.dtype.kind != "c":
        return
    if name in _KERNELS:
        raise not_implemented(_KERNELS[name], array.dtype)
    from ..dtypes import from_numpy_dtype

    kind, words = _SENTENCES[name]
    raise kind(words.format(from_numpy_dtype(np.dtype(array.dtype)).legacy_name))
