"""What a Tensor can do, bound to the class in one table.

Names of public functions become methods; ``inplace`` names get a twin with an underscore; operators are compiled from
the operations themselves. Operations are compiled when a method is first looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops, random
from .autograd.errors import type_name
from .autograd.op import Op
from .dtypes import common_dtype
from .functions import (
    activation,
    arithmetic,
    combining,
    conv,
    conversion,
    copies,
    ctc,
    distance,
    dropout,
    einsum,
    embedding,
    factors,
    feature_dropout,
    graph,
    indexing,
    linalg,
    matrices,
    norm,
    numeric,
    ordering,
    overwriting,
    padding,
    poisson,
    pooling,
    reduction,
    rnn,
    shape,
    spectral,
    subscript,
)  # fmt: skip
from .functions.naming import NumpyNamed, takes_numpy_names
from .inplace import in_place
from .tensor import Tensor

FUNCTIONS: dict[str, Any] = {}
"""Every public function by its PyTorch name: an Op (compiled on first use) or a plain function."""

_MODULES = (
    arithmetic, combining, copies, distance, dropout, einsum, factors, indexing, linalg, matrices, numeric, ordering, poisson,
    reduction, rnn, shape, spectral,
)  # fmt: skip
for _module in _MODULES:
    FUNCTIONS.update({name: getattr(_module, name) for name in _module.__all__})

# Layers that are functions of the package too, beside nn.functional.
_LAYERS = {
    feature_dropout: "feature_dropout feature_dropout_",
    norm: "norm_except_dim rms_norm",
    conv: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    padding: "channel_shuffle constant_pad_nd pixel_shuffle pixel_unshuffle",
    pooling: "adaptive_avg_pool1d avg_pool1d max_pool1d max_pool1d_with_indices max_pool2d max_pool3d",
}
_TORCH_FORMS = {
    "embedding": embedding.table_lookup,
    "group_norm": norm.torch_group_norm,
    "batch_norm": norm.torch_batch_norm,
    "instance_norm": norm.torch_instance_norm,
    "layer_norm": norm.torch_layer_norm,
    "_weight_norm": norm.weight_norm_,
    "ctc_loss": ctc.torch_ctc_loss,
    "alpha_dropout": feature_dropout.torch_alpha_dropout,
    "alpha_dropout_": feature_dropout.torch_alpha_dropout_,
    "feature_alpha_dropout": feature_dropout.torch_feature_alpha_dropout,
    "feature_alpha_dropout_": feature_dropout.torch_feature_alpha_dropout_,
}
"""Those whose arguments differ from the function of the same name in nn.functional."""
_LAYER_FUNCTIONS = _TORCH_FORMS | {name: getattr(_module, name) for _module, names in _LAYERS.items() for name in names.split()}
FUNCTIONS.update(_LAYER_FUNCTIONS)

# Operations that are a public function as they stand.
_AS_THEY_ARE = """
    acos acosh addcmul asin asinh atan atanh bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
    bitwise_xor bmm ceil cos cosh dot eq exp exp2 expm1 floor floor_divide fmax fmin frac gather ge gt index_select
    angle isclose isfinite isinf isnan le log log10 log1p log2 logical_and logical_not logical_or logical_xor logsumexp lt
    masked_select maximum minimum mm mul mv ne neg reciprocal relu rsqrt scatter_add select sgn sigmoid sign signbit
    sin sinh sqrt t tan tanh tril triu trunc unsqueeze amax amin argmax argmin argsort atan2 deg2rad erf erfc hypot
    logaddexp logit rad2deg xlogy isposinf isneginf addmm addmv addr baddbmm diag_embed diagonal trace index_add
    index_copy masked_scatter put scatter_reduce digamma erfinv gcd heaviside lcm ldexp lgamma logaddexp2 logcumsumexp
    nextafter sinc i0 igamma igammac
""".split()
FUNCTIONS.update({name: getattr(ops, name) for name in _AS_THEY_ARE})
FUNCTIONS.update(all=ops.all_, any=ops.any_, fix=ops.trunc)
FUNCTIONS.update({f"arc{name[1:]}": getattr(ops, name) for name in ("acos", "asin", "atan", "acosh", "asinh", "atanh")})
FUNCTIONS.update(arctan2=ops.atan2, ger=linalg.outer, take=ops.take_elements)
FUNCTIONS.update(greater=ops.gt, greater_equal=ops.ge, less=ops.lt, less_equal=ops.le, not_equal=ops.ne)
FUNCTIONS.update({name: getattr(ops, name) for name in "polar view_as_complex view_as_real".split()})
FUNCTIONS["complex"] = ops.complex_
_CONVERSIONS = """
    conj conj_physical get_device imag is_complex is_conj is_floating_point is_inference is_neg is_nonzero is_same_size
    is_signed real
"""
for _name in _CONVERSIONS.split():
    FUNCTIONS[_name] = getattr(conversion, _name)
FUNCTIONS["detach"] = graph.detach
for _name in "celu hardshrink threshold".split():
    FUNCTIONS[_name] = getattr(ops, _name)
for _name in "celu_ prelu relu_ rrelu rrelu_ selu selu_ threshold_".split():
    FUNCTIONS[_name] = getattr(activation, _name)

FUNCTIONS.update({name: NumpyNamed(value) for name, value in FUNCTIONS.items() if takes_numpy_names(name, value)})

_NOT_METHODS = """
    broadcast_shapes broadcast_tensors cat complex concat concatenate dropout dropout_ fanout hstack meshgrid stack
    vstack std_mean var_mean rsub numel einsum tensordot atleast_1d atleast_2d atleast_3d dstack column_stack row_stack
    imag real polar view_as_complex view_as_real is_inference celu celu_ relu_ rrelu rrelu_ selu selu_ threshold
    threshold_ cosine_similarity pairwise_distance lstm lstm_cell gru gru_cell rnn_relu rnn_relu_cell rnn_tanh
    rnn_tanh_cell block_diag bucketize cartesian_prod cdist chain_matmul combinations frobenius_norm gradient lu_unpack
    nuclear_norm cumulative_trapezoid bartlett_window blackman_window hamming_window hann_window kaiser_window isin
    poisson polygamma searchsorted trapezoid trapz tril_indices triu_indices unravel_index vander
""".split()
_NOT_METHODS += [*_LAYER_FUNCTIONS, *(name for name in copies.__all__ if name.endswith("_copy"))]

_METHOD_MODULE = """
    to type type_as cpu cuda size dim stride storage_offset data_ptr element_size is_contiguous is_set_to resize_
    resize resize_as_ set_ apply_ map_ pin_memory is_pinned share_memory_ is_shared new new_tensor
""".split()

_GRAPH_METHODS = "backward detach_ retain_grad register_hook register_post_accumulate_grad_hook".split()

_SHAPE_METHODS = "view view_as reshape_as expand expand_as contiguous repeat numel".split()

_IN_PLACE = """
    abs absolute acos acosh add addcdiv addcmul asin asinh atan atanh bitwise_and bitwise_not bitwise_or bitwise_xor
    ceil clamp clamp_max clamp_min clip cos cosh cumsum div divide eq exp exp2 expm1 floor floor_divide fmod frac ge
    gt index_add index_put le lerp log log10 log1p log2 logical_and logical_not logical_or logical_xor lt masked_fill
    mul multiply nan_to_num ne neg negative pow reciprocal relu remainder round rsqrt scatter scatter_add sgn sigmoid
    sign sin sinh sqrt square sub subtract tan tanh tril triu trunc bitwise_left_shift bitwise_right_shift index_fill
    index_copy masked_scatter put scatter_reduce addmm addmv addr arccos arccosh arcsin arcsinh arctan arctanh arctan2
    atan2 baddbmm copysign deg2rad digamma erf erfc erfinv fix gcd greater greater_equal heaviside hypot lcm ldexp less
    less_equal lgamma logit nextafter not_equal rad2deg sinc true_divide xlogy conj_physical cumprod
    mvlgamma i0 igamma igammac renorm addbmm
""".split()

_IN_PLACE_FUNCTIONS = """
    abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ clamp_
    clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_
    i0_ index_put_ resize_as_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ round_
    rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_
""".split()
"""In-place methods that are functions of the package too: ``torch.exp_(x)``."""

_UFUNCS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide}

_OPERATORS = {
    "__add__": ops.add, "__radd__": ops.add, "__sub__": ops.sub, "__rsub__": ops.rsub, "__mul__": ops.mul,
    "__rmul__": ops.mul, "__truediv__": ops.div, "__floordiv__": ops.floor_divide,
    "__eq__": ops.eq, "__ne__": ops.ne, "__lt__": ops.lt, "__le__": ops.le, "__gt__": ops.gt, "__ge__": ops.ge,
    "__and__": ops.bitwise_and, "__rand__": ops.bitwise_and, "__or__": ops.bitwise_or, "__ror__": ops.bitwise_or,
    "__xor__": ops.bitwise_xor, "__rxor__": ops.bitwise_xor, "__lshift__": ops.bitwise_left_shift,
    "__rshift__": ops.bitwise_right_shift,
}  # fmt: skip


_SYMBOLS = {
    "floor_divide": "floordiv", "remainder": "mod", "bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift",
}  # fmt: skip


class Lazy:
    """A method that is compiled from its operation when it is first looked up, and then replaces itself."""

    __slots__ = ("make", "name")

    def __init__(self, make: Any) -> None:
        self.make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any) -> Any:
        function = self.make()
        setattr(Tensor, self.name, function)
        return function if instance is None else function.__get__(instance, owner)


def _bind(name: str, value: Any) -> None:
    if isinstance(value, Lazy):
        value.name = name
    setattr(Tensor, name, value)


def _compiled(value: Any) -> Any:
    return value.function if isinstance(value, (Op, NumpyNamed)) else value


def _method(value: Any) -> Any:
    return Lazy(lambda: value.function) if isinstance(value, (Op, NumpyNamed)) else value


def _refusing(function: Any) -> Any:
    """An operator that answers NotImplemented where its function complains of a type."""

    def operator(self: Any, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    operator.__name__ = operator.__qualname__ = function.__name__
    return operator


def _reflected(function: Any, of_number: Any) -> Any:
    """The operator behind ``other op tensor``: ``of_number(tensor, other)``, and for NumPy's arrays ``function``.

    NumPy leaves ``array op tensor`` to us; the two meet in a common dtype.
    """
    refusing = _refusing(of_number)

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(other, np.ndarray):
            return refusing(self, other)
        other = conversion.as_tensor(other)
        dtype = common_dtype(self._array, other._array)
        return function(conversion.cast(other, dtype), conversion.cast(self, dtype))

    return operator


def _reversed(function: Any) -> Any:
    return _reflected(function, arithmetic.reversed_operator(function))


def _from_storage(name: str) -> Any:
    """A method of the seldom needed module :mod:`tinygrad_edu.storage`."""

    def make() -> Any:
        from . import storage

        return getattr(storage, name)

    return Lazy(make)


def _polygamma(self: Tensor, n: int) -> Tensor:
    """The ``n``-th derivative of :func:`digamma`."""
    return combining.polygamma(n, self)


def bind_methods() -> None:
    """Give Tensor its methods."""
    for name, value in FUNCTIONS.items():
        if name not in _NOT_METHODS:
            _bind(name, _method(value))
    for name in _METHOD_MODULE:
        _bind(name, getattr(conversion, name))
    for name in _GRAPH_METHODS:
        _bind(name, getattr(graph, name))
    for name in _SHAPE_METHODS:
        _bind(name, getattr(shape, name))
    for name, value in (*conversion.CASTERS.items(), *conversion.NEW_METHODS.items()):
        _bind(name, value)
    for name in _IN_PLACE:
        ufunc = _UFUNCS.get(name)
        _bind(f"{name}_", Lazy(lambda name=name, ufunc=ufunc: in_place(_compiled(FUNCTIONS[name]), f"{name}_", ufunc)))
    for name, value in overwriting.METHODS.items():
        _bind(name, value)
    for name, value in _OPERATORS.items():
        _bind(name, Lazy(lambda value=value: value.operator))
    _bind("__neg__", Lazy(lambda: ops.neg.function))
    _bind("__pos__", arithmetic.positive)
    _bind("__abs__", Lazy(lambda: ops.abs_.function))
    _bind("__invert__", arithmetic.inverted)
    _bind("__rtruediv__", arithmetic.reversed_divide)
    _bind("__pow__", _refusing(arithmetic.pow))
    _bind("__rpow__", _reflected(arithmetic.pow, arithmetic.reversed_power))
    _bind("__matmul__", _refusing(linalg.matmul))
    _bind("__rmatmul__", _reflected(linalg.matmul, lambda self, other: linalg.matmul(other, self)))
    _bind("__mod__", _refusing(arithmetic.remainder))
    for name in ("floor_divide", "remainder", "bitwise_left_shift", "bitwise_right_shift"):
        symbol = _SYMBOLS[name]
        _bind(f"__r{symbol}__", Lazy(lambda name=name: _reversed(_compiled(FUNCTIONS[name]))))
    for name in ("storage", "untyped_storage"):
        _bind(name, _from_storage(name))
    _bind("__getitem__", subscript.getitem)
    _bind("__setitem__", subscript.setitem)
    _bind("__delitem__", subscript.delitem)
    for name, value in conversion.ATTRIBUTES.items():
        _bind(name, value)
    for method in random.METHODS:
        _bind(method.__name__, method)
    _bind("nelement", shape.numel)
    _bind("unfold", combining.unfold)
    _bind("sum_to_size", combining.sum_to_size)
    _bind("polygamma", _polygamma)
    _bind("polygamma_", in_place(_polygamma, "polygamma_"))
    _bind("where", lambda self, condition, other: arithmetic.where(condition, self, other))
    _bind("ndimension", conversion.dim)
    _bind("__div__", arithmetic.div)


bind_methods()


def _calling(name: str) -> Any:
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
        return getattr(input, name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"In-place version of :func:`{name[:-1]}`."
    return function


FUNCTIONS.update({name: _calling(name) for name in _IN_PLACE_FUNCTIONS})
