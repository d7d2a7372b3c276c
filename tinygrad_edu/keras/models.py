"""``Sequential``: layers one after the other, trained by ``fit`` (https://keras.io/api/models/sequential)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import nn
from ..autograd import no_grad
from ..creation import as_tensor
from ..random import randperm
from ..tensor import Tensor
from . import losses, metrics, optimizers
from .callbacks import Callback, History
from .layer import Layer, Shape, Weights, arrays_of, set_arrays
from .names import unique_name
from .progress import Progress

__all__ = ["Sequential"]


class Sequential(nn.Module):
    """A stack of layers, with ``compile``, ``fit``, ``evaluate`` and ``predict``.

    It is an ``nn.Module``: the visualiser, ``state_dict`` and PyTorch's own training loop work on it as well.

    Args:
        layers: the layers; an :func:`Input` may come first.
        name: ``sequential``, ``sequential_1``, ... if it is not given.

    Weights come to be when the shape of a sample is known: from the first layer's ``input_shape``, or from the first batch.
    """

    def __init__(self, layers: Iterable[Layer] | None = None, name: str | None = None) -> None:
        super().__init__()
        self.name = name or unique_name("sequential")
        self.input_shape: Shape | None = None
        self.stop_training = False
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: Any = None
        self.metrics: list[metrics.Metric] = []
        self.eval()
        for layer in layers or ():
            self.add(layer)

    # ---- layers

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return [each for each in self.children() if isinstance(each, Layer)]

    def add(self, layer: Layer) -> None:
        """Put a layer on top.

        Raises:
            TypeError: it is no layer.
            ValueError: a layer of that name is there already, or the shapes do not fit.
        """
        if not isinstance(layer, Layer):
            raise TypeError(f"Only instances of keras.Layer can be added to a Sequential model. Received: {layer!r}")
        if layer.name in self._modules:
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is already the name "
                "of a layer in this model."
            )
        if layer.given_shape is not None and not self._modules:
            self.input_shape = layer.given_shape
        if type(layer).__name__ != "InputLayer":
            if self.input_shape is not None:
                layer.ensure_built(self.output_shape or self.input_shape)
            self.add_module(layer.name, layer.train(self.training))
            self._renew_optimizer()

    @property
    def output_shape(self) -> Shape | None:
        """The shape of a result, if it is known."""
        layers = self.layers
        return layers[-1].output_shape if layers else self.input_shape

    def build(self, input_shape: Any) -> None:
        """Make the weights for batches of this shape, whose first axis is the batch."""
        shape = self.input_shape = tuple(input_shape[1:])
        for layer in self.layers:
            shape = layer.ensure_built(shape)
        self._renew_optimizer()

    @property
    def built(self) -> bool:
        return bool(self.layers) and all(layer.built for layer in self.layers)

    def forward(self, inputs: Any, training: bool | None = None) -> Tensor:
        """The results for a batch. Without ``training`` dropout and the like are as ``train()`` and ``eval()`` left them."""
        x = _inputs(inputs)
        if not self.built:
            self.build(x.shape)
        with self._mode(training):
            for layer in self.layers:
                x = layer(x)
        if x is not inputs:
            x.__dict__["_taped"] = True  # as with a tape, numpy() works although there is a history
        return x

    @contextmanager
    def _mode(self, training: bool | None) -> Iterator[None]:
        """Training or evaluation for the length of a block."""
        before = self.training
        if training is None or training is before:
            yield
            return
        self.train(training)
        try:
            yield
        finally:
            self.train(before)

    # ---- weights

    def _weights(self) -> Weights:
        return [each for layer in self.layers for each in layer._weights()]

    @property
    def weights(self) -> list[Tensor]:
        """All layers' weights, in PyTorch's layout."""
        return [weight for weight, _ in self._weights()]

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The weights that have a gradient: what a :class:`GradientTape` is asked about."""
        return [weight for weight in self.weights if weight.requires_grad]

    trainable_weights = trainable_variables

    def count_params(self) -> int:
        """How many numbers the weights have."""
        return sum(layer.count_params() for layer in self.layers)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights in Keras's layout."""
        return arrays_of(self._weights())

    def set_weights(self, weights: list[Any]) -> None:
        """Set all weights from arrays in Keras's layout: all of them, or none if one does not fit."""
        set_arrays(self._weights(), weights, f"Model {self.name}")

    def save_weights(self, filepath: Any) -> None:
        """Write the weights to a file that :func:`torch.load` reads."""
        from .. import save

        self._require_built("save_weights()")
        save(self.state_dict(), filepath)

    def load_weights(self, filepath: Any) -> None:
        """Read weights that :meth:`save_weights` wrote for a model of the same layers, whatever their names."""
        from .. import load

        self._require_built("load_weights()")
        state = load(filepath)
        own = self.state_dict()
        if [value.shape for value in state.values()] != [value.shape for value in own.values()]:
            raise ValueError(f"The weights in {filepath} are those of another model.")
        self.load_state_dict(dict(zip(own, state.values(), strict=True)))

    def _require_built(self, what: str) -> None:
        if not self.built:
            raise ValueError(
                f"{what}: This model has not yet been built. Build the model first by calling `build()` or by calling the "
                "model on a batch of data."
            )

    def summary(self, line_length: int = 65) -> None:
        """Print the table of the layers, their results' shapes and the number of their parameters."""
        self._require_built("summary()")
        columns = [int(line_length * share) for share in (0.45, 0.85, 1.0)]

        def row(*fields: str) -> str:
            line = ""
            for i, (each, end) in enumerate(zip(fields, columns, strict=True)):
                line = (line[:-1] + " " if i else "") + each
                line = line[:end].ljust(end)
            return line

        lines = [f'Model: "{self.name}"', "_" * line_length, row("Layer (type)", "Output Shape", "Param #"), "=" * line_length]
        for layer in self.layers:
            shape = f"({', '.join(map(str, (None, *(layer.output_shape or ()))))})"
            lines += [row(f"{layer.name} ({type(layer).__name__})", shape, str(layer.count_params())), "_" * line_length]
        lines[-1] = "=" * line_length
        total, trainable = self.count_params(), sum(weight.numel() for weight in self.trainable_variables)
        for kind, count in (("Total", total), ("Trainable", trainable), ("Non-trainable", total - trainable)):
            lines.append(f"{kind} params: {count:,}")
        print("\n".join([*lines, "_" * line_length]))

    # ---- training

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None) -> None:
        """Say how to train.

        Args:
            optimizer, loss: a name or an object of :mod:`keras.optimizers` and :mod:`keras.losses`; a loss may be a
                function of (targets, predictions).
            metrics: a list of names, objects or functions.
        """
        from . import metrics as known

        self.optimizer = optimizers.get(optimizer)
        self.loss = None if loss is None else losses.get(loss)
        self.metrics = [known.get(each) for each in metrics or ()]
        self._renew_optimizer()

    def _renew_optimizer(self) -> None:
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> History:
        """Train, and return the :class:`History`.

        Args:
            x, y: arrays or tensors; or ``x`` alone, a DataLoader of batches (inputs, targets).
            batch_size: 32 for arrays.
            verbose: 0 silent, 1 a progress bar, 2 a line for each epoch.
            validation_split: the share of the samples, the last ones, that is kept for validation.
            validation_data: (x, y), or a DataLoader.
            callbacks: one or several of :mod:`keras.callbacks`.
            shuffle: whether each epoch sees the samples in a new order.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: x and y have different lengths, or the shapes do not fit.
        """
        self._require_compiled("fit")
        verbose = 1 if verbose == "auto" else int(verbose)
        if validation_split:
            if y is None or not 0 < validation_split < 1:
                raise ValueError("`validation_split` takes a share between 0 and 1 of arrays.")
            cut = math.floor(len(x) * (1 - validation_split))
            validation_data = validation_data or (x[cut:], y[cut:])
            x, y = x[:cut], y[:cut]
        batches = _Batches(x, y, batch_size, shuffle)
        history, self.stop_training = History(), False
        told = [*([callbacks] if isinstance(callbacks, Callback) else callbacks or ()), history]
        for each in told:
            each.set_model(self)
            each.on_train_begin()
        logs: dict[str, float] = {}
        for epoch in range(initial_epoch, epochs):
            if verbose:
                print(f"Epoch {epoch + 1}/{epochs}")
            for each in told:
                each.on_epoch_begin(epoch)
            progress = Progress(len(batches), verbose)
            logs = self._run(batches, progress, told)
            if validation_data is not None:
                checked = self._run(_Batches.of(validation_data, batch_size), Progress(0, 0))
                logs |= {f"val_{name}": value for name, value in checked.items()}
            progress.finish(logs)
            for each in told:
                each.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        for each in told:
            each.on_train_end(logs)
        return history

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = 1, return_dict: bool = False
    ) -> Any:
        """The loss and the metrics on some data: a list of numbers, the loss alone, or a dictionary."""
        self._require_compiled("evaluate")
        batches = _Batches(x, y, batch_size, shuffle=False)
        progress = Progress(len(batches), 1 if verbose == "auto" else int(verbose))
        logs = self._run(batches, progress)
        progress.finish(logs)
        values = list(logs.values())
        return logs if return_dict else values if len(values) > 1 else values[0]

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> np.ndarray:
        """The results for some data, as an array."""
        batches = _Batches(x, None, batch_size, shuffle=False)
        progress = Progress(len(batches), 1 if verbose == "auto" else int(verbose))
        results = []
        with no_grad(), self._mode(False):
            for i, (inputs, _) in enumerate(batches):
                results.append(self(inputs).numpy())
                progress.step(i + 1, {})
        progress.finish({})
        return np.concatenate(results)

    def _require_compiled(self, what: str) -> None:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(f"You must call `compile()` with a loss before calling `{what}()`.")

    def _run(self, batches: _Batches, progress: Progress, told: Iterable[Callback] | None = None) -> dict[str, float]:
        """Go through the batches once: training where there is somebody to tell of it, else evaluating."""
        train, mean = told is not None, metrics.Mean("loss")
        for metric in self.metrics:
            metric.reset_state()
        logs: dict[str, float] = {}
        with self._mode(train):
            for i, (inputs, targets) in enumerate(batches):
                for each in told or ():
                    each.on_train_batch_begin(i)
                loss, predictions = self._train_on(inputs, targets) if train else self._test_on(inputs, targets)
                mean.update_state(loss.item(), len(predictions))
                for metric in self.metrics:
                    metric.update_state(targets, predictions)
                logs = {"loss": mean.result(), **{metric.name: metric.result() for metric in self.metrics}}
                for each in told or ():
                    each.on_train_batch_end(i, logs)
                progress.step(i + 1, logs)
                if train and self.stop_training:
                    break
        return logs

    def _train_on(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        predictions = self(inputs)
        loss = self.loss(targets, predictions)  # type: ignore[misc]
        optimizer = self.optimizer.inner  # type: ignore[union-attr]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach(), predictions.detach()

    def _test_on(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        with no_grad():
            predictions = self(inputs)
            return self.loss(targets, predictions), predictions  # type: ignore[misc]


class _Batches:
    """Arrays cut into batches, or a loader's own."""

    def __init__(self, x: Any, y: Any, batch_size: int | None, shuffle: bool) -> None:
        self.loader = None if isinstance(x, (np.ndarray, list, tuple, Tensor)) or hasattr(x, "__array__") else x
        self.batch_size, self.shuffle = batch_size or 32, shuffle
        if self.loader is not None:
            if y is not None:
                raise ValueError("`y` is given by the loader that was passed as `x`.")
            return
        self.x = _inputs(x)
        self.y = None if y is None else as_tensor(np.asarray(y) if not isinstance(y, Tensor) else y)
        if self.y is not None and len(self.x) != len(self.y):
            raise ValueError(f"Data cardinality is ambiguous. x has {len(self.x)} samples, y has {len(self.y)}.")

    @classmethod
    def of(cls, data: Any, batch_size: int | None) -> _Batches:
        """Of what was given as validation data."""
        x, y = data if isinstance(data, (tuple, list)) else (data, None)
        return cls(x, y, batch_size, shuffle=False)

    def __len__(self) -> int:
        return len(self.loader) if self.loader is not None else -(-len(self.x) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Any]]:
        if self.loader is not None:
            for inputs, targets in self.loader:
                yield _inputs(inputs), targets
            return
        order = randperm(len(self.x)) if self.shuffle else None
        for start in range(0, len(self.x), self.batch_size):
            part: Any = slice(start, start + self.batch_size)
            if order is not None:
                part = order[part]
            yield self.x[part], None if self.y is None else self.y[part]


def _inputs(x: Any) -> Tensor:
    """A batch as a tensor; floating point numbers as float32, integers as they are (a layer that wants floats takes them)."""
    tensor = x if isinstance(x, Tensor) else as_tensor(np.asarray(x))
    return tensor.float() if tensor.is_floating_point() else tensor
