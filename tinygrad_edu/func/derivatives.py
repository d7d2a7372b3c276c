"""``grad``, ``vjp``, ``jvp`` and Jacobians as functions of functions.

Each calls the function on fresh tensors over the same memory (aliases, where a derivative of the result may be asked
for) and passes backward with ``create_graph=True``, so that they nest, in each other and in autograd. What comes out
keeps its history only if that leads to other tensors than the fresh ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..autograd.functional import _grads
from ..autograd.grad_mode import enable_grad, is_grad_enabled
from ..functions.shape import reshape, stack
from ..methods import FUNCTIONS
from ..ops.shape import alias
from ..tensor import Tensor
from ..utils.nested import flatten, rebuild
from .trees import shown, structure

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]


class Level:
    """The fresh tensors of one derivative, inside of which gradients are recorded."""

    def __init__(self) -> None:
        self.recorded, self.leaves = is_grad_enabled(), set[Any]()

    def lift(self, tree: Any) -> Any:
        """The same tree of fresh tensors that require grad."""
        return rebuild(tree, iter([self._fresh(each) for each in flatten(tree)]))

    def _fresh(self, tensor: Any) -> Any:
        if not isinstance(tensor, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(tensor)}")
        if tensor.requires_grad and self.recorded:
            return alias.function(tensor)
        leaf = tensor.detach().requires_grad_()
        self.leaves.add(leaf._node)
        return leaf

    def settle(self, tree: Any) -> Any:
        """The results as they leave: without history if it leads to our leaves only."""
        return rebuild(tree, iter([self._settled(each) for each in flatten(tree)]))

    def _settled(self, result: Any) -> Any:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return result
        return result if self.recorded and self._leads_out(result) else result.detach()

    def _leads_out(self, result: Any) -> bool:
        if result._node in self.leaves:
            return False
        waiting, seen = [result.grad_fn], set[Any]()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen or node in self.leaves:
                continue
            if not node.next_functions:
                return True
            seen.add(node)
            waiting += [each for each, _ in node.next_functions]
        return result.grad_fn is None


def _products(outputs: Any, cotangents: Any, inputs: Any) -> list[Any]:
    """vᵀ J for each input, zeros where no output depends on it."""
    found = _grads(tuple(outputs), tuple(inputs), None if cotangents is None else tuple(cotangents), True)
    return [FUNCTIONS["mul"].function(x.detach(), 0) if each is None else each for each, x in zip(found, inputs, strict=True)]


def _selected(args: tuple[Any, ...], argnums: Any) -> Any:
    """The arguments to differentiate for, in the form of ``argnums``; PyTorch's errors."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    if len(set(numbers)) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    for each in numbers:
        if not isinstance(each, int):
            raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {argnums}")
        if not -len(args) <= each < len(args):
            raise RuntimeError(f"Got argnum={each}, but only {len(args)} positional inputs")
    return tuple(args[i] for i in argnums) if isinstance(argnums, tuple) else args[argnums]


def _with(args: tuple[Any, ...], argnums: Any, values: Any) -> list[Any]:
    """The arguments with other values for some."""
    new = list(args)
    for i, value in zip(argnums, values, strict=True) if isinstance(argnums, tuple) else [(argnums, values)]:
        new[i] = value
    return new


def _split(result: Any, has_aux: bool, name: str, output: str = "output of function f") -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{name}: {output} should be a tuple: (output, aux) if has_aux is True")
    return result


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of ``func`` and its value.

    Args:
        func: returns a scalar Tensor, or with ``has_aux`` a tuple of it and anything else.
        argnums: which arguments to differentiate for: an int, or a tuple of them for a tuple of gradients.

    Returns:
        ``(gradient, value)``, or ``(gradient, (value, aux))``.
    """

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        level, name = Level(), "grad_and_value(f)(*args)"
        with enable_grad():
            inputs = level.lift(_selected(args, argnums))
            value, aux = _split(func(*_with(args, argnums, inputs), **kwargs), has_aux, name)
            if not isinstance(value, Tensor):
                raise RuntimeError(f"{name}: Expected f(*args) to return a Tensor, got {type(value)}")
            if value.dim():
                raise RuntimeError(
                    f"{name}: Expected f(*args) to return a scalar Tensor, got tensor with {value.dim()} dims. Maybe you "
                    "wanted to use the vjp or jacrev APIs instead?"
                )
            slopes = rebuild(inputs, iter(_products([value], None, list(flatten(inputs)))))
        result = (value, aux) if has_aux else value
        return level.settle(slopes), level.settle(result)

    return wrapper


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of ``func``, or ``(gradient, aux)``; see :func:`grad_and_value`.

    >>> from tinygrad_edu.func import grad
    >>> grad(grad(lambda x: x**3))(torch.tensor(2.0))
    tensor(12.)
    """

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        slopes, result = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (slopes, result[1]) if has_aux else slopes

    return wrapper


def _only_tensors(tree: Any, name: str) -> list[Any]:
    leaves = list(flatten(tree))
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(each)}")
    return leaves


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``(func(*primals), pull)``, where ``pull(cotangents)`` is the tuple of products vᵀ J, one for each primal.

    With ``has_aux``, ``func`` returns ``(output, aux)`` and aux comes third.
    """
    level, name = Level(), "vjp(f, *primals)"
    with enable_grad():
        inputs = level.lift(primals)
        output, aux = _split(func(*inputs), has_aux, name)
        outputs = _only_tensors(output, name)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        own, given = shown(output), shown(cotangents)
        if own != given:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {given}, primal output: {own}"
            )
        inner = Level()
        inner.leaves = level.leaves
        with enable_grad():
            products = _products(outputs, flatten(cotangents), list(flatten(inputs)))
        return inner.settle(rebuild(inputs, iter(products)))

    result = level.settle(output)
    return (result, pull, level.settle(aux)) if has_aux else (result, pull)


def _tangent_tensors(tree: Any, name: str, what: str) -> list[Any]:
    leaves = list(flatten(tree))
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{name}: Expected {what} to only contain Tensors, got {type(each)}")
    return leaves


def _push(level: Level, outputs: list[Any], inputs: list[Any]) -> Callable[[Any], list[Any]]:
    """J v as a function of v: vᵀ J is linear in v, and its derivative with respect to v is J."""
    doubles = [each.detach().mul(0).requires_grad_() for each in outputs]
    level.leaves.update(each._node for each in doubles)
    transposed = _products(outputs, doubles, inputs)
    return lambda tangents: _products(transposed, tangents, doubles)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """``(func(*primals), J v)`` for the tuples of primals and tangents v, by two backward passes.

    Args:
        strict: accepted; PyTorch's difference between zeros and no derivative does not arise here.
    """
    name = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    if structure(primals) != structure(tangents):
        raise RuntimeError(
            f"{name}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple "
            f"of 3 tensors, tangents also must be. Got primals with structure {structure(primals)} and tangents with "
            f"structure {structure(tangents)}"
        )
    sources, directions = _tangent_tensors(primals, name, "primals"), _tangent_tensors(tangents, name, "tangents")
    for x, v in zip(sources, directions, strict=True):
        if x.shape != v.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
                f"supported. Tensor is of size {list(x.shape)} while the given forward gradient is of size {list(v.shape)}."
            )
    level = Level()
    with enable_grad():
        inputs = level.lift(primals)
        output, aux = _split(func(*inputs), has_aux, name)
        outputs = _only_tensors(output, name)
        pushed = rebuild(output, iter(_push(level, outputs, list(flatten(inputs)))(directions)))
    results = level.settle(output), level.settle(pushed)
    return (*results, level.settle(aux)) if has_aux else results


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``(func(*primals), push)``, where ``push(*tangents)`` is J v without calling ``func`` again."""
    level = Level()
    with enable_grad():
        inputs = level.lift(primals)
        output = func(*inputs)
        push = _push(level, _only_tensors(output, "linearize(f, *primals)"), list(flatten(inputs)))

    def pushed(*tangents: Any) -> Any:
        if structure(tangents) != structure(primals):
            raise RuntimeError(
                f"Expected the tangents {structure(tangents)} to have the same structure as the primals {structure(primals)}"
            )
        with enable_grad():
            products = push(list(flatten(tangents)))
        return level.settle(rebuild(output, iter(products)))

    return level.settle(output), pushed


def _jacobian(func: Callable[..., Any], argnums: Any, has_aux: bool, name: str) -> Callable[..., Any]:
    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        level = Level()
        with enable_grad():
            inputs = level.lift(_selected(args, argnums))
            output, aux = _split(func(*_with(args, argnums, inputs), **kwargs), has_aux, name)
            leaves = list(flatten(inputs))
            blocks = [_block(each, leaves, inputs) for each in _only_tensors(output, name)]
        result = level.settle(rebuild(output, iter(blocks)))
        return (result, level.settle(aux)) if has_aux else result

    return wrapper


def _block(output: Any, leaves: list[Any], inputs: Any) -> Any:
    """The Jacobians of one output, of shape ``output.shape + input.shape``, in the form of the inputs."""
    flat = output.reshape(-1)
    rows = [_products([flat[j]], None, leaves) for j in range(flat.numel())]
    columns = zip(*rows, strict=True) if rows else ([] for _ in leaves)
    parts = [
        reshape(stack(list(column)), output.shape + x.shape) if rows else x.new_zeros(output.shape + x.shape)
        for column, x in zip(columns, leaves, strict=True)
    ]
    return rebuild(inputs, iter(parts))


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``func``, of shape ``output.shape + input.shape``, row by row.

    The result is nested like the output and, where ``argnums`` is a tuple, each of its Jacobians a tuple.

    Args:
        chunk_size: how many rows PyTorch computes at once; here it is one.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian(func, argnums, has_aux, "vjp(f, *primals)")


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The same values as :func:`jacrev`, which PyTorch computes column by column; there is no forward mode here."""
    return _jacobian(func, argnums, has_aux, "jvp(f, primals, tangents)")


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of ``func``: the Jacobian of its Jacobian."""
    return jacfwd(jacrev(func, argnums), argnums)
