"""PyTorch's longer names: ``nn.modules.linear.Linear`` is ``nn.Linear``, in the same module object."""

import sys
from importlib import import_module

_FILES = (
    "activation", "adaptive", "attention", "batchnorm", "container", "conv", "distance", "dropout", "flatten", "fold",
    "instancenorm", "lazy", "linear", "loss", "module", "normalization", "padding", "pooling", "rnn", "sparse", "transformer",
    "upsampling",
)  # fmt: skip

for _name in _FILES:
    _file = import_module(f"..{_name}", __name__)
    sys.modules[f"{__name__}.{_name}"] = globals()[_name] = _file
    globals().update({_public: getattr(_file, _public) for _public in _file.__all__})

# what stands in a file of its own here
activation.MultiheadAttention = attention.MultiheadAttention  # type: ignore[name-defined]  # noqa: F821
linear.LazyLinear = lazy.LazyLinear  # type: ignore[name-defined]  # noqa: F821
for _name, _own in {"channelshuffle": "fold", "pixelshuffle": "fold", "utils": "_tuples"}.items():
    sys.modules[f"{__name__}.{_name}"] = globals()[_name] = import_module(f"..{_own}", __name__)
