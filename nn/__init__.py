"""Building blocks of neural networks, with the names and behaviour of ``torch.nn``."""

# ruff: noqa: F403 -- what is public is written once, in each file's __all__

from . import functional as functional
from . import init as init
from . import parallel as parallel
from . import parameter as parameter
from . import utils as utils
from .activation import *
from .adaptive import *
from .attention import *
from .batchnorm import *
from .container import *
from .conv import *
from .distance import *
from .dropout import *
from .flatten import *
from .fold import *
from .instancenorm import *
from .lazy import *
from .linear import *
from .loss import *
from .module import Module as Module
from .normalization import *
from .padding import *
from .parallel import DataParallel as DataParallel
from .parameter import *
from .pooling import *
from .rnn import *
from .sparse import *
from .transformer import *
from .upsampling import *

from . import modules as modules  # isort: skip  # the aliases of all that stands above
