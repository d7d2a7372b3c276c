"""``torch.return_types``: the named tuples that operations with several results return.

They print as PyTorch's struct sequences do::

    torch.return_types.max(
    values=tensor([2., 3.]),
    indices=tensor([1, 0]))

Each class is made from its row of the table when it is first asked for. Operations that PyTorch gives plain tuples
(``var_mean``, ``std_mean``, ``split`` ...) are not here.

See ``torch.return_types`` of PyTorch 2.13; the ``*_out`` twins of the ``out=`` overloads are left out.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, ClassVar

_FIELDS = {
    "aminmax": "min max",
    "cummax": "values indices",
    "cummin": "values indices",
    "frexp": "mantissa exponent",
    "geqrf": "a tau",
    "histogram": "hist bin_edges",
    "histogramdd": "hist bin_edges",
    "kthvalue": "values indices",
    "linalg_cholesky_ex": "L info",
    "linalg_eig": "eigenvalues eigenvectors",
    "linalg_eigh": "eigenvalues eigenvectors",
    "linalg_inv_ex": "inverse info",
    "linalg_ldl_factor": "LD pivots",
    "linalg_ldl_factor_ex": "LD pivots info",
    "linalg_lstsq": "solution residuals rank singular_values",
    "linalg_lu": "P L U",
    "linalg_lu_factor": "LU pivots",
    "linalg_lu_factor_ex": "LU pivots info",
    "linalg_qr": "Q R",
    "linalg_slogdet": "sign logabsdet",
    "linalg_solve_ex": "result info",
    "linalg_svd": "U S Vh",
    "lu_unpack": "P L U",
    "max": "values indices",
    "median": "values indices",
    "min": "values indices",
    "mode": "values indices",
    "nanmedian": "values indices",
    "qr": "Q R",
    "slogdet": "sign logabsdet",
    "sort": "values indices",
    "svd": "U S V",
    "topk": "values indices",
    "triangular_solve": "solution cloned_coefficient",
}


class StructSequence(tuple[Any, ...]):
    """A tuple whose items have names too: ``result.values`` is ``result[0]``. Made from one iterable of all items.

    ``n_fields`` and ``n_sequence_fields`` are the number of items; slices and sums are plain tuples.
    """

    __slots__ = ()
    n_fields: ClassVar[int]
    n_sequence_fields: ClassVar[int]
    n_unnamed_fields: ClassVar[int] = 0

    def __new__(cls, sequence: Iterable[Any]) -> StructSequence:
        try:
            items = tuple(sequence)
        except TypeError:
            raise TypeError("constructor requires a sequence") from None
        if len(items) != cls.n_fields:
            raise TypeError(f"{_full_name(cls)}() takes a {cls.n_fields}-sequence ({len(items)}-sequence given)")
        return tuple.__new__(cls, items)

    def __repr__(self) -> str:
        items = (f"{name}={item!r}" for name, item in zip(self.__match_args__, self, strict=True))
        return f"{_full_name(type(self))}(\n" + ",\n".join(items) + ")"

    def __getattr__(self, name: str) -> Any:
        raise _no_attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("readonly attribute") if name in self.__match_args__ else _no_attribute(self, name)

    def __delattr__(self, name: str) -> None:
        raise AttributeError("readonly attribute") if name in self.__match_args__ else _no_attribute(self, name)


def _full_name(cls: type) -> str:
    return f"torch.return_types.{cls.__name__}"


def _no_attribute(struct: StructSequence, name: str) -> AttributeError:
    words = f"{_full_name(type(struct))!r} object has no attribute {name!r}"
    return AttributeError(words, name=name, obj=struct)


def __getattr__(name: str) -> type[StructSequence]:
    """Make the class called ``name``, and keep it: this is asked only for names that the module does not hold yet."""
    if name not in _FIELDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    fields = tuple(_FIELDS[name].split())
    members: dict[str, Any] = {field: property(operator.itemgetter(i)) for i, field in enumerate(fields)}
    members |= {"__match_args__": fields, "n_fields": len(fields), "n_sequence_fields": len(fields)}
    members |= {"__slots__": (), "__module__": __name__, "__doc__": f"Result of {name}: ({', '.join(fields)})."}
    cls = globals()[name] = type(name, (StructSequence,), members)
    return cls


def __dir__() -> list[str]:
    return sorted({*globals(), *_FIELDS})
