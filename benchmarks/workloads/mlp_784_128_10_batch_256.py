"""One step of the digits network 784-128-10 with Adam at batch 256."""

import mlp_784_128_10


def setup(torch):
    return mlp_784_128_10.setup(torch, batch=256)
