"""The old spelling of a loss function's ``reduction``, where PyTorch has it."""

from ..functions.loss import legacy_get_string as legacy_get_string
