"""Losses by margins and divergences: options, graphs, errors and modules beside PyTorch's; the formulas by hand."""

import math

import pytest
from agreement import agree, plain
from tinygrad_edu.nn import functional as F

import tinygrad_edu as torch
from tinygrad_edu import nn

REDUCTIONS = ("mean", "sum", "none")


def numbers(t, *shape, scale=1.0, shift=0.0, grad=True, dtype="float64"):
    """Numbers without a pattern, the same in both libraries."""
    count = math.prod(shape)
    values = t.tensor([math.sin(7.3 * i + shift) * scale for i in range(count)], dtype=getattr(t, dtype))
    return values.view(*shape).requires_grad_(grad)


def signs(t, *shape):
    return numbers(t, *shape, shift=2.0, grad=False).sign()


def labels(t):
    return t.tensor([[2, 0, -1, 1], [-1, 0, 1, 2], [3, 2, 1, 0]])


def classes(t):
    return t.tensor([3, 0, 1])


LOSSES = {
    "l1_loss": lambda t, f, r: f.l1_loss(numbers(t, 3, 4), numbers(t, 3, 4, shift=1), reduction=r),
    "smooth_l1_loss": lambda t, f, r: f.smooth_l1_loss(numbers(t, 3, 4), numbers(t, 3, 4, shift=1), reduction=r, beta=0.5),
    "huber_loss": lambda t, f, r: f.huber_loss(numbers(t, 3, 4), numbers(t, 3, 4, shift=1), reduction=r, delta=0.5),
    "kl_div": lambda t, f, r: f.kl_div(numbers(t, 3, 4), numbers(t, 3, 4).exp(), reduction=r),
    "kl_div, logarithms": lambda t, f, r: f.kl_div(numbers(t, 3, 4), numbers(t, 3, 4), reduction=r, log_target=True),
    "poisson_nll_loss": lambda t, f, r: f.poisson_nll_loss(numbers(t, 3, 4), signs(t, 3, 4), reduction=r),
    "poisson_nll_loss, full": lambda t, f, r: f.poisson_nll_loss(
        numbers(t, 3, 4).exp(), numbers(t, 3, 4, grad=False).exp(), log_input=False, full=True, eps=0.1, reduction=r
    ),
    "gaussian_nll_loss": lambda t, f, r: f.gaussian_nll_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), numbers(t, 3, 4).exp(), reduction=r
    ),
    "gaussian_nll_loss, rows": lambda t, f, r: f.gaussian_nll_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), numbers(t, 3, 1).exp(), full=True, eps=0.9, reduction=r
    ),
    "gaussian_nll_loss, one": lambda t, f, r: f.gaussian_nll_loss(numbers(t, 3, 4), numbers(t, 3, 4), 0.25, reduction=r),
    "hinge_embedding_loss": lambda t, f, r: f.hinge_embedding_loss(numbers(t, 3, 4), signs(t, 3, 4), 0.5, reduction=r),
    "margin_ranking_loss": lambda t, f, r: f.margin_ranking_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), signs(t, 3, 4), 0.25, reduction=r
    ),
    "multi_margin_loss": lambda t, f, r: f.multi_margin_loss(numbers(t, 3, 4), classes(t), reduction=r),
    "multi_margin_loss, squared": lambda t, f, r: f.multi_margin_loss(
        numbers(t, 3, 4), classes(t), 2, 0.5, numbers(t, 4, grad=False).exp(), reduction=r
    ),
    "multilabel_margin_loss": lambda t, f, r: f.multilabel_margin_loss(numbers(t, 3, 4), labels(t), reduction=r),
    "multilabel_soft_margin_loss": lambda t, f, r: f.multilabel_soft_margin_loss(
        numbers(t, 3, 4), signs(t, 3, 4), numbers(t, 4, grad=False).exp(), reduction=r
    ),
    "soft_margin_loss": lambda t, f, r: f.soft_margin_loss(numbers(t, 3, 4), signs(t, 3, 4), reduction=r),
    "cosine_embedding_loss": lambda t, f, r: f.cosine_embedding_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), signs(t, 3), -0.5, reduction=r
    ),
    "triplet_margin_loss": lambda t, f, r: f.triplet_margin_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), numbers(t, 3, 4, shift=2), 0.5, 3, 1e-3, reduction=r
    ),
    "triplet_margin_loss, swap": lambda t, f, r: f.triplet_margin_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), numbers(t, 3, 4, shift=2), swap=True, reduction=r
    ),
    "triplet_margin_with_distance_loss": lambda t, f, r: f.triplet_margin_with_distance_loss(
        numbers(t, 3, 4), numbers(t, 3, 4, shift=1), numbers(t, 3, 4, shift=2),
        distance_function=lambda x, y: (x - y).abs().sum(1), margin=0.5, swap=True, reduction=r,
    ),
}  # fmt: skip


def graph(node, depth=5):
    """The names of the nodes behind a result."""
    if node is None:
        return None
    name = node.name().rpartition("::")[2]
    return (name, [graph(each, depth - 1) for each, _ in node.next_functions]) if depth else name


def rounded(value):
    """Floats to ten digits, which are ours and PyTorch's in common."""
    if isinstance(value, float):
        return float(f"{value:.10g}") + 0.0
    return type(value)(map(rounded, value)) if isinstance(value, (list, tuple)) else value


def described(t, loss, reduction):
    result = loss(t, t.nn.functional, reduction)
    return rounded(plain(result)), graph(result.grad_fn)


@pytest.mark.oracle
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_graph_are_pytorchs(name, reduction):
    agree(lambda t: described(t, LOSSES[name], reduction))


# ---- modules

MODULES = {
    "L1Loss": [((), {}), ((), {"reduction": "sum"})],
    "SmoothL1Loss": [((), {"beta": 0.5}), ((None, None, "sum", 0.25), {})],
    "HuberLoss": [(("sum", 0.25), {}), ((), {"delta": 2})],
    "KLDivLoss": [((None, None, "batchmean", True), {}), ((), {"reduction": "sum"})],
    "PoissonNLLLoss": [((), {}), ((False, True, None, 0.1, None, "sum"), {})],
    "MarginRankingLoss": [((), {}), ((0.5, None, None, "sum"), {})],
    "HingeEmbeddingLoss": [((0.5,), {}), ((), {"reduction": "none"})],
    "SoftMarginLoss": [((), {})],
    "MultiLabelSoftMarginLoss": [((), {"reduction": "sum"})],
    "MultiLabelMarginLoss": [((), {})],
    "MultiMarginLoss": [((2, 0.5), {}), ((), {"p": 1, "reduction": "sum"})],
    "CosineEmbeddingLoss": [((0.25,), {})],
    "TripletMarginLoss": [((), {}), ((0.5, 1, 1e-3, True, None, None, "sum"), {})],
    "TripletMarginWithDistanceLoss": [((), {}), ((), {"margin": 0.5, "swap": True})],
    "GaussianNLLLoss": [((), {}), ((), {"full": True, "eps": 0.1, "reduction": "sum"})],
    "NLLLoss2d": [((), {"ignore_index": 1})],
    "PairwiseDistance": [((), {}), ((1.0, 1e-3, True), {})],
    "CosineSimilarity": [((), {}), ((0, 0.5), {})],
}  # fmt: skip


def inputs_for(t, name):
    x, y = numbers(t, 3, 4), numbers(t, 3, 4, shift=1)
    return {
        "MarginRankingLoss": (x, y, signs(t, 3, 4)), "HingeEmbeddingLoss": (x, signs(t, 3, 4)),
        "SoftMarginLoss": (x, signs(t, 3, 4)), "MultiLabelMarginLoss": (x, labels(t)), "MultiMarginLoss": (x, classes(t)),
        "CosineEmbeddingLoss": (x, y, signs(t, 3)), "TripletMarginLoss": (x, y, x * 2), "KLDivLoss": (x, y.exp()),
        "TripletMarginWithDistanceLoss": (x, y, x * 2), "GaussianNLLLoss": (x, y, y.exp()),
        "PoissonNLLLoss": (x.exp(), y.exp()), "NLLLoss2d": (numbers(t, 2, 3, 2, 2), t.tensor([[[0, 1], [2, 0]]] * 2)),
    }.get(name, (x, y))  # fmt: skip


def used(t, name, args, options):
    module = getattr(t.nn, name)(*args, **options)
    registered = {"weight", "distance_function"}  # of which PyTorch keeps no attributes
    state = {key: value for key, value in vars(module).items() if not (key.startswith("_") or key in registered)}
    result = rounded(plain(module(*inputs_for(t, name))))
    return repr(module), sorted(map(str, state.items())), result, list(module.state_dict())


CASES = [(name, *case) for name, cases in MODULES.items() for case in cases]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "args", "options"), CASES, ids=[f"{n}{a}{o}" for n, a, o in CASES])
def test_module_is_pytorchs(name, args, options):
    agree(lambda t: used(t, name, args, options))


# ---- words


def empty(t, *shape, dtype="float32"):
    return t.zeros(*shape, dtype=getattr(t, dtype))


X = {
    "multi_margin p": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t), p=3),
    "multi_margin int target": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t).int()),
    "multi_margin short target": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), t.tensor([0, 1])),
    "multi_margin 0-d target": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), t.tensor(1)),
    "multi_margin outside": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), t.tensor([0, 1, 9])),
    "multi_margin below": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), t.tensor([0, 1, -1])),
    "multi_margin short weight": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t), weight=t.ones(3)),
    "multi_margin 2-d weight": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t), weight=t.ones(3, 4)),
    "multi_margin weight dtype": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t), weight=t.ones(4)),
    "multi_margin no classes": lambda t, f: f.multi_margin_loss(empty(t, 3, 0), classes(t)),
    "multi_margin 3-d": lambda t, f: f.multi_margin_loss(empty(t, 3, 4, 5), classes(t)),
    "multi_margin ints": lambda t, f: f.multi_margin_loss(empty(t, 3, 4, dtype="int64"), classes(t)),
    "multi_margin 0-d": lambda t, f: f.multi_margin_loss(t.tensor(2.0), t.tensor(0)),
    "multi_margin one row": lambda t, f: f.multi_margin_loss(t.ones(3), t.tensor([0]), reduction="none"),
    "multi_margin reduction": lambda t, f: f.multi_margin_loss(numbers(t, 3, 4), classes(t), reduction="batchmean"),
    "multilabel_margin 1-d target": lambda t, f: f.multilabel_margin_loss(numbers(t, 3, 4), classes(t)),
    "multilabel_margin float target": lambda t, f: f.multilabel_margin_loss(numbers(t, 3, 4), empty(t, 3, 4)),
    "multilabel_margin outside": lambda t, f: f.multilabel_margin_loss(numbers(t, 3, 4), labels(t) + 7),
    "multilabel_margin below": lambda t, f: f.multilabel_margin_loss(numbers(t, 3, 4), labels(t) - 1),
    "multilabel_margin 0-d": lambda t, f: f.multilabel_margin_loss(t.tensor(2.0), t.tensor(0)),
    "multilabel_margin 3-d": lambda t, f: f.multilabel_margin_loss(empty(t, 2, 3, 4), empty(t, 2, 3, 4, dtype="int64")),
    "multilabel_margin ints": lambda t, f: f.multilabel_margin_loss(empty(t, 3, 4, dtype="int64"), labels(t)),
    "soft_margin long": lambda t, f: f.soft_margin_loss(numbers(t, 3, 4), t.ones(3, 4, dtype=t.int64)),
    "soft_margin ints": lambda t, f: f.soft_margin_loss(empty(t, 3, dtype="int64"), t.ones(3)),
    "soft_margin target with gradient": lambda t, f: f.soft_margin_loss(numbers(t, 3), numbers(t, 3)),
    "soft_margin overflow": lambda t, f: f.soft_margin_loss(t.tensor([1000.0, -1000.0]), t.tensor([-1.0, -1.0])),
    "soft_margin sizes": lambda t, f: f.soft_margin_loss(numbers(t, 3, 4), t.ones(2)),
    "cosine_embedding 2-d target": lambda t, f: f.cosine_embedding_loss(empty(t, 3, 4), empty(t, 3, 4), t.ones(3, 4)),
    "cosine_embedding 0-d target": lambda t, f: f.cosine_embedding_loss(empty(t, 3, 4), empty(t, 3, 4), t.tensor(1)),
    "cosine_embedding 1-d inputs": lambda t, f: f.cosine_embedding_loss(empty(t, 4), empty(t, 4), t.ones(4)),
    "cosine dim": lambda t, f: f.cosine_similarity(empty(t, 3, 4), empty(t, 3, 4), dim=2),
    "cosine ints": lambda t, f: f.cosine_similarity(empty(t, 3, 4, dtype="int64"), empty(t, 3, 4, dtype="int64")),
    "cosine int and float": lambda t, f: f.cosine_similarity(t.tensor([[1, 2]]), t.tensor([[2.0, 1.0]])),
    "cosine sizes": lambda t, f: f.cosine_similarity(empty(t, 3, 4), empty(t, 2, 3)),
    "cosine zeros": lambda t, f: f.cosine_similarity(empty(t, 2, 3), empty(t, 2, 3)),
    "cosine number": lambda t, f: f.cosine_similarity(empty(t, 2, 3), 3),
    "cosine eps": lambda t, f: f.cosine_similarity(empty(t, 2, 3), empty(t, 2, 3), eps="a"),
    "cosine dtypes": lambda t, f: f.cosine_similarity(t.ones(2, 4), t.ones(2, 4).double()),
    "distance sizes": lambda t, f: f.pairwise_distance(empty(t, 3, 4), t.ones(3)),
    "distance ints": lambda t, f: f.pairwise_distance(t.tensor([1, 2]), t.tensor([3, 5])),
    "distance 0-d": lambda t, f: f.pairwise_distance(t.tensor(2.0), t.tensor(5.0)),
    "triplet dims": lambda t, f: f.triplet_margin_loss(empty(t, 3, 4), empty(t, 3, 4), empty(t, 4)),
    "triplet margin": lambda t, f: f.triplet_margin_loss(*[empty(t, 3, 4)] * 3, margin=-1),
    "triplet reduction": lambda t, f: f.triplet_margin_loss(*[empty(t, 3, 4)] * 3, reduction="all"),
    "triplet distance reduction": lambda t, f: f.triplet_margin_with_distance_loss(*[empty(t, 3, 4)] * 3, reduction="all"),
    "triplet distance margin": lambda t, f: f.triplet_margin_with_distance_loss(*[empty(t, 3, 4)] * 3, margin=0),
    "triplet distance dims": lambda t, f: f.triplet_margin_with_distance_loss(empty(t, 4), empty(t, 3, 4), empty(t, 4)),
    "triplet module": lambda t, f: t.nn.TripletMarginLoss(margin=0),
    "triplet distance module": lambda t, f: t.nn.TripletMarginWithDistanceLoss(margin=-1),
    "hinge number": lambda t, f: f.hinge_embedding_loss(numbers(t, 3), 3),
    "hinge ints": lambda t, f: f.hinge_embedding_loss(t.tensor([1, 2]), t.tensor([1, -1])),
    "hinge reduction": lambda t, f: f.hinge_embedding_loss(numbers(t, 3), numbers(t, 3), reduction="all"),
    "ranking dims": lambda t, f: f.margin_ranking_loss(numbers(t, 3, 4), numbers(t, 3, 4), signs(t, 4)),
    "poisson reduction": lambda t, f: f.poisson_nll_loss(numbers(t, 3), numbers(t, 3), reduction="all"),
    "poisson ints": lambda t, f: rounded(plain(f.poisson_nll_loss(t.tensor([1, 2]), t.tensor([1, 2])))),
    "kl reduction": lambda t, f: f.kl_div(numbers(t, 3), numbers(t, 3), reduction="all"),
    "kl mean warns": lambda t, f: f.kl_div(empty(t, 3), empty(t, 3)),
    "kl old mean": lambda t, f: f.kl_div(empty(t, 3), empty(t, 3), size_average=True),
    "kl zeros": lambda t, f: f.kl_div(t.ones(3), empty(t, 3), reduction="batchmean"),
    "gaussian negative": lambda t, f: f.gaussian_nll_loss(empty(t, 3), empty(t, 3), -1.0),
    "gaussian negatives": lambda t, f: f.gaussian_nll_loss(empty(t, 3), empty(t, 3), -t.ones(3)),
    "gaussian sizes": lambda t, f: f.gaussian_nll_loss(empty(t, 3, 4), empty(t, 3, 4), t.ones(4)),
    "gaussian two ones": lambda t, f: f.gaussian_nll_loss(empty(t, 3, 4), empty(t, 3, 4), t.ones(1, 1)),
    "gaussian reduction": lambda t, f: f.gaussian_nll_loss(empty(t, 3), empty(t, 3), t.ones(3), reduction="all"),
    "gaussian tiny": lambda t, f: f.gaussian_nll_loss(empty(t, 3), empty(t, 3), empty(t, 3), reduction="none"),
    "multilabel_soft reduction": lambda t, f: f.multilabel_soft_margin_loss(empty(t, 3), empty(t, 3), reduction="all"),
    "old reduce": lambda t, f: f.hinge_embedding_loss(empty(t, 3), t.ones(3), reduce=False),
    "old size_average": lambda t, f: f.multilabel_margin_loss(numbers(t, 3, 4), labels(t), size_average=False),
    "huber module": lambda t, f: t.nn.HuberLoss(delta="1"),
    "multi_margin module": lambda t, f: t.nn.MultiMarginLoss(p=3),
    "multi_margin module weight": lambda t, f: t.nn.MultiMarginLoss(weight=t.ones(2, 2)),
    "gaussian module positional": lambda t, f: t.nn.GaussianNLLLoss(True),
    "same function": lambda t, f: (f.pairwise_distance is t.pairwise_distance, f.cosine_similarity is t.cosine_similarity),
    "modules by path": lambda t, f: [m.__name__ for m in (t.nn.modules.loss.KLDivLoss, t.nn.modules.distance.CosineSimilarity)],
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("call", X.values(), ids=X)
def test_agrees_with_pytorch(call):
    agree(lambda t: call(t, t.nn.functional))


# ---- by hand


def test_multi_margin_by_hand():
    x = torch.tensor([[0.5, 1.0, -0.25]], requires_grad=True)
    loss = F.multi_margin_loss(x, torch.tensor([1]))
    assert loss.item() == pytest.approx((1 - 1 + 0.5) / 3)
    loss.backward()
    assert x.grad.tolist() == [pytest.approx([1 / 3, -1 / 3, 0])]


def test_kl_divergence_of_equal_distributions_is_zero():
    p = torch.softmax(torch.tensor([[0.5, 1.0, -2.0]]), 1)
    assert F.kl_div(p.log(), p, reduction="batchmean").item() == pytest.approx(0, abs=1e-7)


def test_mean_of_the_divergence_is_warned_of():
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        nn.KLDivLoss()(torch.zeros(2), torch.zeros(2))


def test_second_derivative_where_pytorch_has_none():
    x = torch.tensor([[0.5, 1.0, -0.25]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: F.multi_margin_loss(x, torch.tensor([0]), p=2), x)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_weight_of_a_single_loss(name):
    def weighted(t):
        x = t.tensor(0.3, dtype=t.float64, requires_grad=True)
        loss = getattr(t.nn.functional, name)(x, t.tensor(0.7, dtype=t.float64), weight=t.tensor(-3.25))
        loss.backward()
        return loss, x.grad

    agree(weighted)
