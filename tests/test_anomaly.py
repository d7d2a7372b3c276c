"""Anomaly detection names the line of the forward pass, and costs nothing when it is off."""

import re
import warnings

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd import detect_anomaly, engine, grad_mode, set_detect_anomaly


def leaf(torch=torch):
    return torch.tensor([-1.0, 4.0], requires_grad=True)


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise RuntimeError("Some error in backward")


def told(run):
    """The exception of ``run`` and the warnings before it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises((RuntimeError, ValueError)) as error:
            run()
    return error.value, [str(each.message) for each in caught]


def test_nan_is_an_error_that_names_function_and_line():
    def run():
        with detect_anomaly():
            y = torch.sqrt(leaf())  # the line to be found
            y.sum().backward()

    error, messages = told(run)
    assert type(error) is RuntimeError
    assert str(error) == "Function 'SqrtBackward0' returned nan values in its 0th output."
    assert messages[0].startswith("Anomaly Detection has been enabled. This mode will increase the runtime")
    start = "Error detected in SqrtBackward0. Traceback of forward call that caused the error:\n  File"
    assert messages[1].startswith(start)
    assert messages[1].rstrip().endswith("y = torch.sqrt(leaf())  # the line to be found")


def test_the_warning_points_at_the_backward_call():
    with detect_silently(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError, match="nan"):
            leaf().sqrt().sum().backward()
    assert [each.filename for each in caught] == [__file__]


def detect_silently(check_nan=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return detect_anomaly(check_nan)


def test_nan_passes_unless_it_is_checked():
    x = leaf()
    with detect_silently(check_nan=False):
        x.sqrt().sum().backward()
    assert x.grad[0].isnan().item()
    assert x.grad[1].item() == 0.25


def test_an_error_in_backward_names_the_line():
    def run():
        with set_detect_anomaly(True):
            Failing.apply(leaf()).sum().backward()  # the failing call

    error, messages = told(run)
    assert str(error) == "Some error in backward"
    assert len(messages) == 1
    assert messages[0].startswith("Error detected in FailingBackward. Traceback of forward call that caused the error")
    assert messages[0].rstrip().endswith("# the failing call")


def test_a_modified_variable_names_the_line_of_its_use():
    def run():
        with set_detect_anomaly(True):
            a = leaf() * 1
            b = a * a  # the use
            a.add_(1)
            b.sum().backward()

    error, messages = told(run)
    assert "Hint: the backtrace further above shows the operation that failed" in str(error)
    assert messages[0].startswith("Error detected in MulBackward0.")
    assert messages[0].rstrip().endswith("b = a * a  # the use")


def test_a_graph_made_before_has_no_stack():
    y = leaf().sqrt().sum()

    def run():
        with set_detect_anomaly(True):
            y.backward()

    assert told(run)[1] == [
        "Error detected in SqrtBackward0. No forward pass information available. Enable detect anomaly during "
        "forward pass for more information."
    ]


def test_a_node_made_in_a_backward_pass_names_its_parent():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return Failing.apply(grad * ctx.saved_tensors[0])  # the inner call

    def run():
        x = leaf()
        with set_detect_anomaly(True):
            y = Square.apply(x)  # the outer call
            (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            grad.sum().backward()

    messages = told(run)[1]
    assert len(messages) == 2
    assert messages[0].startswith("Error detected in FailingBackward.")
    assert messages[0].rstrip().endswith("# the inner call")
    assert messages[1].startswith("\n\nPrevious calculation was induced by SquareBackward. Traceback of forward call")
    assert messages[1].rstrip().endswith("# the outer call")


def test_nothing_is_left_behind():
    with detect_silently():
        assert torch.is_anomaly_enabled()
        watched = (leaf() * 2).grad_fn
    assert not torch.is_anomaly_enabled()
    assert grad_mode.get_mode() is True
    assert engine.RECORDERS == [] and grad_mode.OBSERVERS == []
    assert list(watched.metadata) == ["traceback_"]
    assert (leaf() * 2).grad_fn.metadata == {}


def test_no_grad_and_anomaly_detection_may_overlap():
    with torch.no_grad():
        set_detect_anomaly(True)
    assert "traceback_" in (leaf() * 2).grad_fn.metadata
    with torch.no_grad():
        set_detect_anomaly(False)
    assert (leaf() * 2).grad_fn.metadata == {}
    assert grad_mode.get_mode() is True


def nested(torch):
    states = []

    def note():
        states.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))

    anomaly = torch.autograd.set_detect_anomaly
    try:
        note()
        anomaly(True)
        note()
        with anomaly(False):
            note()
        note()
        with anomaly(True, False):
            note()
            with torch.autograd.detect_anomaly():
                note()
            note()
        note()
    finally:
        anomaly(False)
    note()
    return states


@pytest.mark.oracle
def test_nesting_agrees():
    agree(nested)


@pytest.mark.oracle
@pytest.mark.parametrize("error", [ValueError("hook"), None])
def test_messages_agree(error):
    """Error and first line of each warning; the frames differ."""

    def script(torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with torch.autograd.detect_anomaly():
                    y = leaf(torch).sqrt()
                    if error is not None:
                        y.register_hook(lambda grad: (_ for _ in ()).throw(error))
                    (y * 2).sum().backward()
                said = None
            except Exception as raised:
                said = f"{type(raised).__name__}: {raised}"
        return said, [re.sub(r" \(Triggered.*", "", str(each.message).split("\n")[0]) for each in caught]

    agree(script)
