"""``Sequential`` with ``compile`` and ``fit``: Keras's way to train, over the same layers, losses and engine.

After https://keras.io/api. Every layer wraps a module of :mod:`tinygrad_edu.nn` and every optimiser one of
:mod:`tinygrad_edu.optim`; what is Keras's own are its defaults: shapes with the channels last, Glorot's initialisation,
its losses and metrics by their formulas, its printed lines.

>>> model = keras.Sequential([keras.layers.Dense(3, activation="sigmoid", input_dim=2), keras.layers.Dense(1)])
>>> model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
"""

from . import activations as activations
from . import callbacks as callbacks
from . import datasets as datasets
from . import initializers as initializers
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import models as models
from . import optimizers as optimizers
from . import utils as utils
from .layers import Input as Input
from .layers import Layer as Layer
from .models import Sequential as Sequential
