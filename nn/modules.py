"""PyTorch's longer names: ``nn.modules.linear.Linear`` is ``nn.Linear``, in the same module object."""

import sys
from importlib import import_module

_FILES = (
    "activation", "batchnorm", "container", "conv", "distance", "dropout", "flatten", "fold", "instancenorm", "lazy", "linear",
    "loss", "module", "normalization", "padding", "pooling", "rnn", "sparse", "upsampling",
)  # fmt: skip

for _name in _FILES:
    _file = import_module(f"..{_name}", __name__)
    sys.modules[f"{__name__}.{_name}"] = globals()[_name] = _file
    globals().update({_public: getattr(_file, _public) for _public in _file.__all__})
