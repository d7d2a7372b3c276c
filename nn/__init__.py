"""Building blocks of neural networks, with the names and behaviour of ``torch.nn``."""

from . import functional, init, parameter
from .activation import *
from .batchnorm import *
from .container import *
from .dropout import *
from .flatten import *
from .linear import *
from .loss import *
from .module import Module
from .parameter import Buffer, Parameter

from . import modules  # isort: skip  # the aliases of all that stands above
