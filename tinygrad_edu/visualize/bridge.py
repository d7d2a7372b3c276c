"""The trace of a loss of real PyTorch: ``trace(loss)`` and ``draw(loss)`` take one where PyTorch is installed.

PyTorch's graph keeps no values and no calls, so this trace knows less than a recorded one:

* Gradients come from a private backward pass, ``torch.autograd.grad`` on all leaves with ``retain_graph=True``: no ``.grad``
  changes. It needs a graph that has not been freed: call ``trace`` before ``backward()``, or ``backward(retain_graph=True)``.
  Of a freed graph the nodes, their shapes and the leaves' ``.grad`` are known. Hooks on tensors and nodes, and the backward of
  user-defined functions, run once more. A loss that is no single number is given ones as its gradient.
* Values are known where a node saved them, and of leaves and the loss. Inputs that need no gradient are known where saved.
* A node that has the name of an operation here, and saves what that one's rules need, is shown with its formula and local
  factor; both are kept only if local × upstream is PyTorch's own downstream. Any other node is shown by its name.
* Modules and source lines are not in PyTorch's graph; parameters have names if ``names`` has their module (``locals()``).
"""

from __future__ import annotations

import functools
import heapq
import sys
from typing import Any

import numpy as np

from ..autograd.conform import conform_array
from ..autograd.op import ALL_OPS, Op
from ..ops.linalg import affine
from ..ops.shape import t_unseen
from .passes import Pass
from .recording import RawStep, RawValue, Recording

__all__ = ["TorchGraph", "is_torch_tensor"]

Edge = tuple[Any, int]
"""A node of PyTorch's graph and the index of one of its outputs: what made a value."""


def is_torch_tensor(value: Any) -> bool:
    """Whether ``value`` is a tensor of real PyTorch, which is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


class TorchGraph(Recording):
    """The graph behind a PyTorch tensor, as if it had been recorded."""

    def __init__(self, loss: Any) -> None:
        super().__init__()
        import torch

        self.tensor_class, self.module_class, self._parameter = torch.Tensor, torch.nn.Module, torch.nn.Parameter
        self.ran = False
        self.gradients: dict[int, np.ndarray] = {}
        self._places: dict[Edge, int] = {}
        self._steps: dict[Any, int] = {}
        self._constants: dict[Any, int] = {}
        self.root = self._take_up(loss)
        self._differentiate(loss)
        self._check_rules()

    def find(self, tensor: Any) -> int | None:
        """The value that stands for a PyTorch tensor, if there is one."""
        node = tensor.grad_fn
        if node is not None:
            return self._places.get((node, tensor.output_nr))
        known = next((place for (leaf, _), place in self._places.items() if _variable(leaf) is tensor), None)
        return self._constants.get(_memory(tensor)) if known is None else known

    def states(self, tensor: Any) -> list[int]:
        """The value of a tensor: there is no more than one."""
        found = self.find(tensor)
        return [] if found is None else [found]

    # ---- the graph

    def _take_up(self, loss: Any) -> int:
        if loss.grad_fn is None:
            kind = "data" if not loss.requires_grad else "parameter" if isinstance(loss, self._parameter) else "leaf"
            array = _numpy(loss)
            self.values.append(RawValue(kind, tuple(loss.shape), array.dtype, array))
            return 0
        for node in _by_age(loss.grad_fn):
            variable = _variable(node)
            if variable is not None:
                kind = "parameter" if isinstance(variable, self._parameter) else "leaf"
                array = _numpy(variable)
                self._places[node, 0] = self._add(RawValue(kind, tuple(variable.shape), array.dtype, array))
            else:
                self._take_node(node)
        root = self._places[loss.grad_fn, loss.output_nr]
        self.values[root].data = _numpy(loss)
        return root

    def _take_node(self, node: Any) -> None:
        name, saved = node.name().removeprefix("torch::autograd::"), _saved_of(node)
        step = RawStep()
        step.line, step.module, step.depth, step.cut = None, None, 0, ""
        step.node_name, step.public = name, name.removesuffix("Backward0").removesuffix("Backward")
        step.needs = tuple(following is not None for following, _ in node.next_functions)
        metadata = [(tuple(each.shape), _numpy_dtype(each.dtype)) for each in node._input_metadata]
        step.shape, step.dtype = metadata[0] if metadata else ((), np.dtype("float32"))
        step.op = _declared(name, saved, node.next_functions)
        if step.op is not None:
            step.public = step.op.public
        params = _params(step.op, saved, len(node.next_functions))
        step.options = _options(step.op, saved)
        step.inputs = []
        given: dict[str, Any] = {}
        for place, ((following, index), param) in enumerate(zip(node.next_functions, params, strict=True)):
            kept = saved.get(param)
            given[param] = array = _numpy(kept) if hasattr(kept, "detach") else kept
            if following is not None:
                value = self._places[following, index]
                if isinstance(array, np.ndarray) and self.values[value].data is None:
                    self.values[value].data = array
                step.inputs.append((value, param, place))
                given[f"{param}_shape"] = self.values[value].shape
            elif isinstance(array, np.ndarray) and array.ndim:
                step.inputs.append((self._data(kept, array), param, None))
            elif isinstance(array, np.ndarray):
                step.options[param] = array.item()
        for param in () if step.op is None else step.op.params:
            if param not in params and hasattr(saved.get(param), "detach"):
                given[param] = _numpy(saved[param])
                step.inputs.append((self._data(saved[param], given[param]), param, None))
        out = _numpy(saved["out"]) if hasattr(saved.get("out"), "detach") else None
        step.names, step.saved = _kept(step.op, step.needs, given, out, saved)
        step.outputs = []
        for index, (shape, dtype) in enumerate(metadata):
            data = out if out is not None and out.shape == shape and len(metadata) == 1 else None
            place = self._add(RawValue("result", shape, dtype, data, len(self.steps), index))
            self._places[node, index] = place
            step.outputs.append(place)
        self._steps[node] = len(self.steps)
        self.steps.append(step)

    def _data(self, tensor: Any, array: np.ndarray) -> int:
        """The value of a tensor that needs no gradient; PyTorch hands out what was saved as new objects."""
        key = _memory(tensor)
        if key not in self._constants:
            self._constants[key] = self._add(RawValue("data", array.shape, array.dtype, array))
        return self._constants[key]

    # ---- the private pass

    def _differentiate(self, loss: Any) -> None:
        leaves = {node: variable for node, _ in self._places if (variable := _variable(node)) is not None}
        if not leaves or not (loss.is_floating_point() or loss.is_complex()):
            return
        import torch

        current = Pass([self.root])
        handles = [each.register_hook(functools.partial(self._ran_node, current, each)) for each in self._steps]
        try:
            seed = torch.ones_like(loss)
            found = torch.autograd.grad(loss, list(leaves.values()), seed, retain_graph=True, allow_unused=True)
        except RuntimeError:  # the graph has been freed
            self._freed(leaves)
            return
        finally:
            for each in handles:
                each.remove()
        for node, grad in zip(leaves, found, strict=True):
            if grad is not None:
                current.arrived[self._places[node, 0]] = _numpy(grad)
        self.passes.append(current)

    def _ran_node(self, current: Pass, node: Any, grad_inputs: Any, grad_outputs: Any) -> None:
        step = self._steps[node]
        for index, grad in enumerate(grad_outputs):
            if grad is not None:
                current.arrived[self._places[node, index]] = _numpy(grad)
        current.sent[step] = [
            None if grad is None or following is None else _numpy(grad)
            for grad, (following, _) in zip(grad_inputs, node.next_functions, strict=False)
        ]

    def _freed(self, leaves: dict[Any, Any]) -> None:
        for node, variable in leaves.items():
            if variable.grad is not None:
                self.gradients[self._places[node, 0]] = _numpy(variable.grad)
        self.ran = True

    def _check_rules(self) -> None:
        """Forget the declaration of a step where its rules do not say what PyTorch did."""
        from .tracing import local_factor

        for current in self.passes:
            for index, sent in current.sent.items():
                step = self.steps[index]
                if step.op is None or step.saved is None or not step.op.elementwise or len(step.outputs) != 1:
                    continue
                upstream = current.arrived.get(step.outputs[0])
                for value, _, place in step.inputs:
                    if place is None or place >= len(sent) or sent[place] is None or upstream is None:
                        continue
                    local = local_factor(step, place)
                    if local is None or not _agrees(local, upstream, sent[place], self.values[value]):
                        step.op, step.saved, step.public = None, None, step.node_name.partition("Backward")[0]
                        break


def _agrees(local: np.ndarray, upstream: np.ndarray, downstream: Any, target: RawValue) -> bool:
    with np.errstate(all="ignore"):
        product = np.asarray(conform_array(np.asarray(local * upstream), target))
        downstream = np.asarray(conform_array(downstream, target))
        scale = float(np.abs(downstream[np.isfinite(downstream)]).max(initial=0))
        return bool(np.allclose(product, downstream, rtol=1e-3, atol=1e-4 * scale, equal_nan=True))


def _memory(tensor: Any) -> Any:
    """What tells the memory of one tensor from that of another; the tensor itself where it has none."""
    strided = tensor.layout is sys.modules["torch"].strided
    return (tensor.data_ptr(), tuple(tensor.shape), tensor.stride()) if strided and tensor.numel() else id(tensor)


def _by_age(root: Any) -> list[Any]:
    """The nodes behind ``root``, inputs before what uses them: the oldest first as far as that goes."""
    found, order = {root: None}, [root]
    for node in order:  # grows while it is walked
        for following, _ in node.next_functions:
            if following is not None and following not in found:
                found[following] = None
                order.append(following)
    missing = {node: len({each for each, _ in node.next_functions if each is not None}) for node in order}
    users: dict[Any, list[Any]] = {}
    for node in order:
        for following in dict.fromkeys(each for each, _ in node.next_functions if each is not None):
            users.setdefault(following, []).append(node)
    leaves = [node for node in order if not missing[node]]
    ready = [(-1 if _variable(node) is not None else node._sequence_nr(), i, node) for i, node in enumerate(reversed(leaves))]
    heapq.heapify(ready)
    sorted_nodes: list[Any] = []
    while ready:
        node = heapq.heappop(ready)[2]
        sorted_nodes.append(node)
        for user in users.get(node, ()):
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, (user._sequence_nr(), len(sorted_nodes) + len(ready), user))
    return sorted_nodes


def _variable(node: Any) -> Any:
    """The leaf behind an AccumulateGrad node; None for other nodes."""
    return getattr(node, "variable", None) if node.name() == "torch::autograd::AccumulateGrad" else None


_NAMES = {"self": "x", "input": "x", "other": "y", "result": "out", "output": "out"}


def _saved_of(node: Any) -> dict[str, Any]:
    """What a node saved, by the names of the declarations here; what has been freed is left out."""
    saved: dict[str, Any] = {}
    for attribute in dir(node):
        if attribute.startswith("_saved_"):
            try:
                value = getattr(node, attribute)
            except RuntimeError:
                continue
            name = attribute.removeprefix("_saved_")
            saved[_NAMES.get(name, name)] = _plain(name, value)
    if "saved_tensors" in dir(node):
        try:
            tensors = node.saved_tensors
        except RuntimeError:
            tensors = ()
        saved.update({f"saved_tensors[{i}]": each for i, each in enumerate(tensors)})
    return saved


def _plain(name: str, value: Any) -> Any:
    """An option as it was given: PyTorch keeps negative numbers as large ones, and the reduction as a number."""
    if name == "reduction" and value in (0, 1, 2):
        return ("none", "mean", "sum")[value]
    if type(value) is int and value >= 2**63:
        return value - 2**64
    return tuple(_plain("", each) for each in value) if type(value) is tuple else value


def _options(op: Op | None, saved: dict[str, Any]) -> dict[str, Any]:
    """What was saved that is no tensor; of a declared operation what is not its default."""
    options = {name: value for name, value in saved.items() if isinstance(value, (bool, int, float, str, tuple))}
    if op is None:
        return {name: value for name, value in options.items() if "sizes" not in name and "sym" not in name}
    return {name: value for name, value in options.items() if name in op.params and op.defaults.get(name, None) != value}


def _declared(name: str, saved: dict[str, Any], following: Any) -> Op | None:
    """The operation here whose node has this name, and whose arguments fit."""
    if name == "TBackward0":
        return t_unseen
    alpha, beta = saved.get("alpha", 1), saved.get("beta", 1)
    if name == "AddmmBackward0" and alpha == beta == 1:
        return affine
    for op in ALL_OPS:
        if op.name != name or op.joint or op.results != 1:
            continue
        fits = op.sequence or len(op.differentiable) == len(following)
        if fits and (alpha == 1 or "alpha" in op.params) and (beta == 1 or "beta" in op.params):
            return op
    return None


def _params(op: Op | None, saved: dict[str, Any], count: int) -> list[str]:
    """Names for the inputs: the declaration's, else as PyTorch calls what it saved of them, as far as one can tell."""
    if op is not None:
        return [f"{op.tensors[0]}[{i}]" for i in range(count)] if op.sequence else list(op.differentiable)
    return [f"input{i}" for i in range(count)] if count > 1 else ["x"]


def _kept(
    op: Op | None, needs: tuple[bool, ...], given: dict[str, Any], out: Any, saved: dict[str, Any]
) -> tuple[list[str], tuple[Any, ...] | None]:
    """Names and values of what the declaration's rules need, or else of what PyTorch saved."""
    arrays = {name: _numpy(value) for name, value in saved.items() if hasattr(value, "detach")}
    if op is None:
        return list(arrays), tuple(arrays.values())
    values = []
    for name in op.saved:
        value = out if name == "out" else given.get(name, saved.get(name))
        if value is None and name not in given and name not in saved and name in op.params and name not in op.tensors:
            value = op.defaults.get(name)
        values.append(value)
    rules = [rule.__code__ for param, rule in op.rules.items() if op.sequence or needs[op.differentiable.index(param)]]
    named = {name for code in rules for name in code.co_varnames[1 : code.co_argcount]}
    unknown = any(
        value is None and name in named and (name in op.tensors or name not in op.params)
        for name, value in zip(op.saved, values, strict=True)
    )
    return list(op.saved), None if unknown else tuple(values)


def _numpy(tensor: Any) -> np.ndarray:
    """A copy of a PyTorch tensor as an array; formats that NumPy does not know are widened."""
    dense = tensor.detach()
    dense = dense.to_dense() if dense.layout != sys.modules["torch"].strided else dense
    dense = dense.cpu().resolve_conj().resolve_neg()
    try:
        return np.array(dense.numpy())
    except TypeError:
        return np.array(dense.float().numpy())


@functools.cache
def _numpy_dtype(dtype: Any) -> np.dtype[Any]:
    return _numpy(sys.modules["torch"].empty((), dtype=dtype)).dtype
