"""What compiled operations call when the common case does not hold: unwrapping, promotion, ``out=``, views."""

from __future__ import annotations

from heapq import heappush
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from ..dtypes import can_cast_result, common_dtype, default_numpy_dtype, float_dtype, from_numpy_dtype
from ..errstate import quiet, run_quietly, was_busy
from .conform import conform_array
from .errors import MISSING, argument_error, bool_minus, explain, missing_arguments, type_name
from .grad_mode import INFERENCE, WATCHERS, get_mode, note_unrecorded
from .holomorphic import conjugate
from .inference import INFERENCE_MEMORY, mark_inference
from .node import RELEASED, AccumulateGrad, Node, Output, Withheld, next_sequence_number
from .real_only import refuse_complex
from .version import storage_of

__all__ = [
    "FLOAT32",
    "MISSING",
    "WATCHERS",
    "array",
    "as_floats",
    "asarray",
    "get_mode",
    "missing_arguments",
    "ndarray",
    "new",
    "next_sequence_number",
    "note_possible_view",
    "note_unrecorded",
    "note_view",
    "promote",
    "refuse_complex",
    "retry",
    "run_quietly",
    "several_results",
    "shapes_of",
    "unwrap",
    "unwrap_operand",
    "unwrap_sequence",
    "write_out",
]

FLOAT32 = np.dtype("float32")
new = object.__new__
ndarray = np.ndarray
array = np.array
asarray = np.asarray

NUMBERS = (bool, int, float, complex, np.number, np.bool_)


def retry(op: Any, error: Exception, operands: Any, *args: Any, **kwargs: Any) -> Any:
    """The result after all, if the quiet context was merely busy; else PyTorch's exception for what went wrong."""
    if was_busy(error):
        try:
            with quiet():
                return op.kernel(*args, **kwargs)
        except Exception as second:
            error = second
    raise explain(op, error, operands) from None


Tensor: Any = None
"""The class itself, set by :mod:`tinygrad_edu.tensor`, which stands above this file."""


def wrap(array: Any, node: Node | None = None) -> Any:
    """A Tensor over ``array`` (shared, not copied), produced by ``node``."""
    tensor = new(Tensor)
    tensor._array = array if type(array) is ndarray else asarray(array)
    tensor._grad = tensor._family = None
    tensor._node = node
    return tensor


def rewrap(value: Any, node: Node | None) -> Any:
    """A saved array as the Tensor it was, the results of an operation that has several as theirs; numbers and None stay."""
    if value.__class__ is list and node is not None:
        return [wrap(each, Output(node, i, each)) for i, each in enumerate(value)]
    return wrap(value, node) if isinstance(value, ndarray) else value


class Number:
    """A Python number as the first operand, until the second shows in which dtype they meet."""

    __slots__ = ("op", "value")
    dtype = None

    def __init__(self, op: Any, value: Any) -> None:
        self.op, self.value = op, value

    def before(self, other: Any) -> Any:
        """The number, if the operation takes it before ``other``."""
        from ..overloads import OVERLOADS, overload_error

        name, tensor = self.op.public, isinstance(other, ndarray)
        refused = not tensor or self.op.numbers == "second"
        if refused and name in OVERLOADS and len(self.op.tensors) == 2:
            raise overload_error(name, f"{type_name(self.value)}, {'Tensor' if tensor else type_name(other)}")
        return self.value


def unwrap(op: Any, index: int, value: Any) -> Any:
    """The array or number behind an argument that is not a Tensor, or PyTorch's TypeError.

    Numbers are taken where operands meet in a common dtype, except that something must be a tensor.
    """
    if op.numbers and len(op.promoted) > 1 and op.tensors[index] in op.promoted and isinstance(value, NUMBERS):
        number = value.item() if isinstance(value, np.generic) else value
        return Number(op, number) if op.tensors[index] == op.promoted[0] else number
    raise argument_error(op, index, value)


def unwrap_operand(value: Any) -> Any:
    """The same for the right side of an operator, which answers NotImplemented and knows NumPy's arrays."""
    if isinstance(value, (bool, int, float, complex)):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return value
    return NotImplemented


def unwrap_sequence(op: Any, tensors: Any) -> tuple[list[Any], tuple[Node | None, ...]]:
    """The arrays and nodes of a sequence of Tensors."""
    tensor_class = Tensor
    if isinstance(tensors, tensor_class) or not isinstance(tensors, (list, tuple)):
        raise argument_error(op, 0, tensors, expected="tuple of Tensors")
    for i, each in enumerate(tensors):
        if not isinstance(each, tensor_class):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(each).__name__}")
    return [each._array for each in tensors], tuple(each._node for each in tensors)


def shapes_of(arrays: list[Any]) -> list[tuple[int, ...]]:
    return [each.shape for each in arrays]


def bare(operands: tuple[Any, ...]) -> list[Any]:
    """The operands without the wrapper of a number that comes first."""
    first, *others = operands
    return [first.before(others[0]) if type(first) is Number else first, *others]


def promote(*operands: Any) -> list[Any]:
    """The operands in their common dtype, numbers as 0-d arrays."""
    values = bare(operands)
    dtype = common_dtype(*(each for each in values if each is not None))
    return [each if each is None else cast(each, dtype) for each in values]


def promote_float(*operands: Any) -> list[Any]:
    """The same, integers as the default floating point dtype."""
    values = bare(operands)
    dtype = float_dtype(common_dtype(*values))
    return [cast(each, dtype) for each in values]


def promote_no_bool(*operands: Any) -> list[Any]:
    """The same, where PyTorch refuses bools (subtraction)."""
    values = bare(operands)
    dtypes = [each.dtype if isinstance(each, ndarray) else np.dtype(type(each)) for each in values]
    if any(dtype.kind == "b" for dtype in dtypes):
        raise bool_minus(dtypes)
    return promote(*operands)


PROMOTIONS = {None: promote, "common": promote, "float": promote_float, "no bool": promote_no_bool}
"""What an op's ``promote`` option means where operands differ."""


def cast(operand: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(operand, ndarray):
        if operand.dtype is dtype:
            return operand
        with quiet():
            return operand.astype(dtype)
    if dtype.kind in "fc":
        with quiet():
            return array(operand, dtype)
    return integer_scalar(operand, dtype)


def integer_scalar(number: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number as a 0-d array of an integer dtype, wrapped around as C does."""
    try:
        return np.array(number, dtype=np.int64).astype(dtype)
    except OverflowError:
        raise RuntimeError(f"value cannot be converted to type {_c_name(dtype)} without overflow") from None


def _c_name(dtype: np.dtype[Any]) -> str:
    return {
        "bool": "bool",
        "int64": "int64_t",
        "int32": "int",
        "int16": "short",
        "int8": "signed char",
        "uint8": "unsigned char",
    }.get(dtype.name, dtype.name)


def as_floats(*operands: Any) -> Any:
    """Integer operands as the default floating point dtype."""
    first = operands[0]
    kind = first.dtype.kind
    if kind not in "fc":
        dtype = default_numpy_dtype()
        operands = tuple(each.astype(dtype) if isinstance(each, ndarray) else each for each in operands)
    return operands[0] if len(operands) == 1 else operands


def several_results(
    op: Any, arrays: Any, nodes: tuple[Node | None, ...], source: Any
) -> tuple[tuple[Any, ...], Node | None]:
    """Tensors for the results of an operation that has several, and the node to which the first ``diff_results`` belong.

    ``source`` is the tensor that they are views of, if they are. The node, if there is one, has yet to save something.
    """
    arrays = [each if type(each) is ndarray else asarray(each) for each in arrays]
    tensors = tuple(wrap(each) for each in arrays)
    if source is not None:
        for each in tensors:
            note_view(source, each, "several")
    if not get_mode() or not any(each is not None for each in nodes):
        return tensors, None
    node: Any = new(op.node_class_of(arrays[0].dtype))
    node.next, node.hooks = nodes, None
    node.seq = next_sequence_number()
    differentiable = len(arrays) if op.diff_results < 0 else op.diff_results
    if op.diff_results == 1:
        node.shape, node.dtype = arrays[0].shape, arrays[0].dtype
        tensors[0]._node = node
    else:
        node.shape, node.dtype = [each.shape for each in arrays[:differentiable]], arrays[0].dtype
        for i in range(differentiable):
            tensors[i]._node = Output(node, i, arrays[i])
    return tensors, node


def write_out(op: Any, out: Any, result: Any, nodes: tuple[Node | None, ...]) -> Any:
    """Put ``result`` into the tensor given as ``out=``, resized if need be, without history."""
    from ..inplace import write_values

    if not isinstance(out, Tensor):
        raise TypeError(f"{op.public}(): argument 'out' must be Tensor, not {type(out).__name__}")
    result = asarray(result)
    if get_mode() and (any(each is not None for each in nodes) or out.requires_grad):
        raise RuntimeError(
            f"{op.public}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if not can_cast_result(result.dtype, out._array.dtype):
        raise RuntimeError(
            f"result type {from_numpy_dtype(result.dtype).legacy_name} can't be cast to the desired output type "
            f"{from_numpy_dtype(out._array.dtype).legacy_name}"
        )
    if out._array.shape != result.shape:
        resize_output(out, result.shape)
    write_values(out, result)
    return out


def resize_output(out: Any, shape: tuple[int, ...]) -> None:
    import warnings

    if out._array.size:
        warnings.warn(
            f"An output with one or more elements was resized since it had shape {list(out._array.shape)}, which does not "
            f"match the required output shape {list(shape)}. This behavior is deprecated, and in a future PyTorch release "
            "outputs will not be resized unless they have zero elements. You can explicitly reuse an out tensor t by "
            "resizing it, inplace, to zero elements with t.resize_(0).",
            stacklevel=4,
        )
    out._array = np.empty(shape, out._array.dtype)


# ---- views: which tensors show the same memory ---------------------------------------------------------------------
#
# ``Tensor._family`` is None for a tensor alone, the list of weak references to its views for a base, the base for a view,
# and a BarredView for a view that must not be written to while gradients are recorded.


class BarredView(NamedTuple):
    """What a view that was made in a way that forbids recorded writes knows about its base."""

    base: Any
    reason: str
    """"no_grad", "inference" (the mode it was made in), "several" (its node has several outputs) or "function"."""


def note_view(source: Any, view: Any, reason: str = "") -> None:
    """Remember whose memory ``view`` shows, so that a write through either rewrites the history of both."""
    family = source._family
    kind = family.__class__
    if kind is list:
        view._family = base = source
    elif family is None:
        source._family = family = []
        view._family = base = source
    else:
        view._family = family
        base = family.base if kind is BarredView else family
        family = base._family
    if len(family) & 63 == 63:
        family[:] = [each for each in family if each() is not None]
    family.append(ref(view))
    mode = get_mode()
    if not mode:
        view._family = BarredView(base, "inference" if mode is INFERENCE else "no_grad")
    elif reason:
        view._family = BarredView(base, reason)
    if INFERENCE_MEMORY and source.is_inference():
        mark_inference(view)


def bar_view(view: Any, reason: str) -> None:
    """Forbid recorded writes to ``view``."""
    view._family = BarredView(view._base, reason)


def note_possible_view(source: Any, view: Any) -> None:
    """The same for an operation that copies where it has to."""
    view._family = None
    if storage_of(view._array) is storage_of(source._array):
        note_view(source, view)


def gradients_of(composed: Any, args: Any, nodes: Any, order: Any, grads: Any) -> list[Any]:
    """The recorded gradients of what ``composed`` computes from the (rewrapped) ``args``, for those in ``order``.

    ``nodes`` are the args' own. Each is used through an alias, where the inner pass ends: beyond it are the hooks and the
    gradients of the outer one.
    """
    from ..ops.shape import alias
    from .passes import grad

    args = [each if node is None else alias.function(each) for each, node in zip(args, nodes, strict=True)]
    results = composed(*args)
    if not isinstance(results, tuple):
        results, grads = (results,), (grads,)
    told = [(result, g) for result, g in zip(results, grads, strict=True) if g is not None]
    wanted = [i for i in order if nodes[i] is not None]
    found = grad([r for r, _ in told], [args[i] for i in wanted], [g for _, g in told], create_graph=True, allow_unused=True)
    by_position = dict(zip(wanted, found, strict=True))
    return [by_position.get(i) for i in order]


BACKWARD_NAMES = {
    "AccumulateGrad": AccumulateGrad,
    "RELEASED": RELEASED,
    "Withheld": Withheld,
    "add": np.add,
    "conform_array": conform_array,
    "conjugate": conjugate,
    "gradients_of": gradients_of,
    "heappush": heappush,
    "ndarray": ndarray,
    "rewrap": rewrap,
}
"""What compiled backward functions call."""
