"""The derivative table: every operation's forward and its rules, one file per family.

Nothing here knows Tensors or the engine. To add an operation, declare it in the file of its family
(:mod:`tinygrad_edu.autograd.op` says how) with its formula (:mod:`tinygrad_edu.autograd.formula`), give it samples in
``tests/samples.py``, and name it in :mod:`tinygrad_edu.methods` if it is public.
"""

from .activation import *
from .bessel import *
from .choosing import *
from .comparison import *
from .complex import *
from .conv import *
from .ctc import *
from .cumulative import *
from .decompositions import *
from .diagonal import *
from .elementwise import *
from .embedding import *
from .factors import *
from .fft import *
from .fractional import *
from .gamma import *
from .grid import *
from .indexing import *
from .joining import *
from .linalg import *
from .loss import *
from .margin import *
from .masks import *
from .norm import *
from .order import *
from .padding import *
from .piecewise import *
from .polynomials import *
from .pooling import *
from .powers import *
from .probability import *
from .reduction import *
from .resize import *
from .rnn import *
from .scatter import *
from .shape import *
from .smooth import *
from .special import *
from .windows import *
