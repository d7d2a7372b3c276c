"""For tests, and for those who check a derivation: compare tensors, and hand-derived gradients with the engine's."""

from .backward import BackwardReport as BackwardReport
from .backward import Fault as Fault
from .backward import check_backward as check_backward
from .comparison import assert_allclose as assert_allclose
from .comparison import assert_close as assert_close
