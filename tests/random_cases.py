"""Parameters and mistakes that the tests of random tensors share."""

import tinygrad_edu as torch

FLOAT = torch.float32


WEIGHTS = torch.arange(1.0, 6.0)


ERRORS = [
    (lambda: torch.rand(2.0), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not float"),
    (lambda: torch.rand(True), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not bool"),
    (lambda: torch.rand(None), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not NoneType"),
    (lambda: torch.rand(size=3), TypeError, "rand(): argument 'size' must be tuple of ints, not int"),
    (
        lambda: torch.rand([2.5]),
        TypeError,
        "rand(): argument 'size' (position 1) must be tuple of ints, but found element of type float at pos 0",
    ),
    (
        lambda: torch.rand(2, 3.5),
        TypeError,
        "rand(): argument 'size' failed to unpack the object at pos 2 with error \"type must be tuple of ints,but got float\"",
    ),
    (lambda: torch.randn(2, -1), RuntimeError, "Trying to create tensor with negative dimension -1: [2, -1]"),
    (
        lambda: torch.rand(2, dtype=torch.int64),
        NotImplementedError,
        "\"check_uniform_bounds\" not implemented for 'Long'",
    ),
    (
        lambda: torch.randn(2, dtype=torch.int64),
        NotImplementedError,
        "\"normal_kernel_cpu\" not implemented for 'Long'",
    ),
    (
        lambda: torch.rand(3, out=torch.empty(3, dtype=torch.float64), dtype=FLOAT),
        RuntimeError,
        "dtype Float does not match dtype of out parameter (Double)",
    ),
    (
        lambda: torch.rand(3, out=torch.empty(3, requires_grad=True)),
        RuntimeError,
        "aten::rand(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad.",
    ),
    (lambda: torch.randint(5.0, (3,)), TypeError, "randint(): argument 'high' (position 1) must be int, not float"),
    (lambda: torch.randint(True, (3,)), TypeError, "randint(): argument 'high' (position 1) must be int, not bool"),
    (lambda: torch.randint(5, 3), TypeError, "randint(): argument 'size' (position 2) must be tuple of ints, not int"),
    (lambda: torch.randint(5, (-1,)), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (
        lambda: torch.randint(5, 2, (3,)),
        RuntimeError,
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=2",
    ),
    (lambda: torch.randint(2**63, (3,)), ValueError, "Overflow when unpacking long long"),
    (lambda: torch.randint(300, (3,), dtype=torch.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char"),
    (lambda: torch.randperm(5.0), TypeError, "randperm(): argument 'n' (position 1) must be int, not float"),
    (lambda: torch.randperm(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (lambda: torch.normal(0, -1, (3,)), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (
        lambda: torch.normal(torch.zeros(3), -torch.ones(3)),
        RuntimeError,
        "normal expects all elements of std >= 0.0",
    ),
    (
        lambda: torch.normal(torch.zeros(3), torch.ones(2)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
    ),
    (lambda: torch.bernoulli(0.5), TypeError, "bernoulli(): argument 'input' (position 1) must be Tensor, not float"),
    (
        lambda: torch.bernoulli(torch.tensor([1, 2])),
        NotImplementedError,
        "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'",
    ),
    (lambda: torch.bernoulli(torch.zeros(2), 2), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2"),
    (
        lambda: torch.multinomial([1.0], 1),
        TypeError,
        "multinomial(): argument 'input' (position 1) must be Tensor, not list",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1.5),
        TypeError,
        "multinomial(): argument 'num_samples' (position 2) must be int, not float",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1, 3),
        TypeError,
        "multinomial(): argument 'replacement' (position 3) must be bool, not int",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1, out=torch.empty(1)),
        RuntimeError,
        "multinomial expects Long tensor out, got: Float",
    ),
    (lambda: torch.rand_like([1]), TypeError, "rand_like(): argument 'input' (position 1) must be Tensor, not list"),
    (
        lambda: torch.zeros(3).uniform_("a"),
        TypeError,
        "uniform_(): argument 'from' (position 1) must be float, not str",
    ),
    (
        lambda: torch.zeros(3).uniform_(0, "a"),
        TypeError,
        "uniform_(): argument 'to' (position 2) must be float, not str",
    ),
    (lambda: torch.zeros(3).uniform_(a=1), TypeError, "uniform_() got an unexpected keyword argument 'a'"),
    (
        lambda: torch.zeros(3).normal_(1j),
        TypeError,
        "normal_(): argument 'mean' (position 1) must be float, not complex",
    ),
    (
        lambda: torch.zeros(3).normal_(generator=3),
        TypeError,
        "normal_(): argument 'generator' must be torch.Generator, not int",
    ),
    (lambda: torch.zeros(3).random_(1, 2, 3), TypeError, "random_() takes 2 positional arguments but 3 were given"),
    (
        lambda: torch.zeros(3).geometric_("a"),
        TypeError,
        "geometric_(): argument 'p' (position 1) must be float, not str",
    ),
    (
        lambda: torch.zeros(3).bernoulli_(torch.ones(2, 3)),
        RuntimeError,
        "expand(torch.FloatTensor{[2, 3]}, size=[3]): the number of sizes provided (1) must be greater or equal to the number "
        "of dimensions in the tensor (2)",
    ),
    (
        lambda: torch.zeros(1).expand(3).uniform_(),
        RuntimeError,
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
        "clone() the tensor before performing the operation.",
    ),
]
