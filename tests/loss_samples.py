"""The part of the table of samples that speaks of distances and of losses by margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from sampling import A, N, P, U, functional, row, s

REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]
CLASSES = A([2, 0, 1], "int64")
SIGNS = A([[1.0, -1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0], [1.0, 1.0, 1.0, -1.0]])
LABELS = A([[2, 0, -1, 1], [-1, 0, 1, 2], [3, 2, 1, 0]], "int64")

# PyTorch knows no second derivative of these two.
row("F.multi_margin_loss", *[s(N(3, 4), CLASSES, p=p, **r) for p in (1, 2) for r in REDUCTIONS],
    s(N(3, 4), CLASSES, weight=None), s(N(4), A(1, "int64")), s(N(4), A([1], "int64"), reduction="none"),
    s(N(3, 4), CLASSES, 2, 0.3, P(4), fixed=(4,)), twice=False, dtypes=False)  # fmt: skip
row("F.multilabel_margin_loss", *[s(N(3, 4), LABELS, **r) for r in REDUCTIONS], s(N(4), A([1, 1, -1, 0], "int64")),
    s(N(4), A([1, 2, 3, 0], "int64"), reduction="none"), twice=False, dtypes=False)  # fmt: skip
row("F.soft_margin_loss", *[s(N(3, 4), SIGNS, fixed=(1,), **r) for r in REDUCTIONS], s(N(3, 4), SIGNS[0], fixed=(1,)),
    s(N(), A(-1.0), fixed=(1,)), nonfinite=False, dtypes=False)  # fmt: skip
row("F.hinge_embedding_loss", *[s(N(3, 4), SIGNS, fixed=(1,), **r) for r in REDUCTIONS], s(N(3), A(-1.0), 0.5, fixed=(1,)))
row("F.margin_ranking_loss", *[s(N(3, 4), N(3, 4), SIGNS, fixed=(2,), **r) for r in REDUCTIONS],
    s(N(3, 4), N(1, 4), SIGNS, 0.5))  # fmt: skip
row("F.multilabel_soft_margin_loss", *[s(N(3, 4), U(3, 4), **r) for r in REDUCTIONS], s(N(3, 4), U(3, 4), P(4)), s(N(4), U(4)))
row("F.cosine_embedding_loss", *[s(N(3, 4), N(3, 4), SIGNS[:, 0].copy(), fixed=(2,), **r) for r in REDUCTIONS],
    s(N(4), N(4), A(-1.0), -0.5, fixed=(2,)), nonfinite=False)  # fmt: skip
row("F.triplet_margin_loss", *[s(N(3, 4), N(3, 4), N(3, 4), **r) for r in REDUCTIONS], s(N(4), N(4), N(4), swap=True),
    s(N(3, 4), N(3, 4), N(3, 4), margin=0.5, p=3, eps=0.1), nonfinite=False)  # fmt: skip
row("F.triplet_margin_with_distance_loss", s(N(3, 4), N(3, 4), N(3, 4)), s(N(3, 4), N(3, 4), N(3, 4), swap=True, margin=0.5),
    nonfinite=False)  # fmt: skip
row("F.kl_div", *[s(N(3, 4), U(3, 4), reduction=r, nonfinite=False) for r in ("sum", "none", "batchmean")],
    s(N(3, 4), N(3, 4), reduction="batchmean", log_target=True), s(N(), U(), reduction="batchmean"))  # fmt: skip
row("F.poisson_nll_loss", *[s(N(3, 4), P(3, 4), **r) for r in REDUCTIONS], s(P(3, 4), P(3, 4), log_input=False, eps=0.1),
    s(N(3, 4), P(3, 4) * 3, full=True), nonfinite=False)  # fmt: skip
row("F.gaussian_nll_loss", *[s(N(3, 4), N(3, 4), P(3, 4), **r) for r in REDUCTIONS], s(N(3, 4), N(3, 4), P(3, 1), full=True),
    s(N(3, 4), N(3, 4), P(3)), s(N(3, 4), N(3, 4), 0.5), nonfinite=False, dtypes=False)  # fmt: skip
row("pairwise_distance", s(N(3, 4), N(3, 4)), s(N(4), N(4), keepdim=True), s(N(3, 4), N(4), 3.0), s(N(2, 3, 4), N(4), p=1.0),
    s(N(3, 4), N(3, 4), p=float("inf")), s(A([1.0, 2.0]), A([1.0, 2.0]), eps=0.0, smooth=False))  # fmt: skip
row("cosine_similarity", s(N(3, 4), N(3, 4)), s(N(3, 4), N(4), dim=-1), s(N(4), N(4), dim=0), s(N(3, 4), N(3, 4), 0, 1e-3),
    *[s(A([[x, 0.0]]), A([[1.0, 2.0]]), smooth=False, twice=False, dtypes=False) for x in (0.0, 1e-9)])  # fmt: skip


def _ctc(torch: Any, x: Any, targets: Any, inputs: Any, lengths: Any, **kwargs: Any) -> Any:
    return functional(torch).ctc_loss(x.log_softmax(-1), targets, inputs, lengths, **kwargs)


def _ctc_by_number(torch: Any, x: Any, targets: Any, inputs: Any, lengths: Any, *options: Any) -> Any:
    return torch.ctc_loss(x.log_softmax(-1), targets, inputs, lengths, *options)


CTC: dict[str, Any] = {"twice": False, "nonfinite": False, "dtypes": False, "node": "any"}
row("F.ctc_loss", s(N(4, 2, 3), A([[1, 2], [1, 1]], np.int64), (4, 3), (2, 2), _call=_ctc),
    s(N(4, 2, 3), A([1, 2, 1], np.int64), (4, 3), (2, 1), reduction="none", _call=_ctc),
    s(N(4, 2, 3), A([[1, 0], [1, 1]], np.int64), (4, 2), (0, 2), reduction="sum", zero_infinity=True, _call=_ctc),
    s(N(4, 3), A([0, 1], np.int64), (4,), (2,), blank=2, _call=_ctc), **CTC)  # fmt: skip
row("ctc_loss", s(N(4, 1, 3), A([[1, 2]], np.int64), (4,), (2,), 0, 2, _call=_ctc_by_number), **CTC)
