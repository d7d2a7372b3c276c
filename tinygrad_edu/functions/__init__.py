"""PyTorch's public signatures where one name covers several operations.

``torch.max(x)``, ``torch.max(x, dim)`` and ``torch.max(x, y)`` are three operations in the derivative table
(:mod:`tinygrad_edu.ops`) and one function here. A name that is one operation needs no entry.
"""
