"""GradientTape and Variable behave as TensorFlow's; expected numbers follow from the formulas in the comments."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import GradientTape, Variable


def test_the_note_all_elements():
    x = torch.ones(2, 2)
    with GradientTape() as tape:
        tape.watch(x)
        y = torch.sum(x)
        z = torch.multiply(y, y)
    dz_dx = tape.gradient(z, x)
    for i in [0, 1]:
        for j in [0, 1]:
            assert dz_dx[i][j].numpy() == 8.0


def test_the_note_persistent():
    x = torch.tensor(3.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert tape.gradient(z, x).numpy() == 108.0
    assert tape.gradient(y, x).numpy() == 6.0
    assert tape.gradient(z, y).numpy() == 18.0


def test_the_note_control_flow():
    def f(x, n):
        output = torch.tensor(1.0)
        for i in range(n):
            if 1 < i < 5:
                output = torch.multiply(output, x)
        return output

    def grad(x, n):
        with GradientTape() as tape:
            tape.watch(x)
            out = f(x, n)
        return tape.gradient(out, x)

    x = torch.tensor(2.0)
    assert [grad(x, n).numpy() for n in (6, 5, 4)] == [12.0, 12.0, 4.0]


def test_the_note_higher_order():
    x = Variable(1.0)
    assert repr(x) == "<Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>"
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x * x * x
        dy_dx = inner.gradient(y, x)
    assert dy_dx.numpy() == 3.0
    assert outer.gradient(dy_dx, x).numpy() == 6.0


def test_a_gradient_inside_the_tape_that_is_differentiated():
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(x)
            y = x**4
            dy = inner.gradient(y, x)  # stops the inner tape
        d2y = outer.gradient(dy, x)  # and this the outer one
    assert (dy.numpy(), d2y.numpy()) == (32.0, 48.0)
    assert not d2y.requires_grad


def test_third_order_with_one_watched_tensor():
    x = torch.tensor(2.0)
    with GradientTape() as a:
        a.watch(x)
        with GradientTape() as b:
            b.watch(x)
            with GradientTape() as c:
                c.watch(x)
                y = x**4
            dy = c.gradient(y, x)
        d2y = b.gradient(dy, x)
    assert a.gradient(d2y, x).item() == 48.0


def test_a_watched_tensor_is_an_ordinary_one_afterwards():
    x = torch.tensor(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        assert x.requires_grad
        y = x * x
    assert not x.requires_grad and (x * 2).grad_fn is None
    later = x * x
    assert tape.gradient([y, later], x).item() == 6.0 and not x.requires_grad and x.grad is None


def test_used_once():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="A non-persistent GradientTape can only be used to compute one set of gradients"):
        tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="non-persistent"):
        tape.jacobian(y, x)


def test_nothing_before_or_after_counts():
    x = Variable(3.0)
    before = x * x
    with GradientTape(persistent=True) as tape:
        y = x * 2
    after = y * y
    assert tape.gradient(before, x) is None and tape.gradient(after, x) is None and tape.gradient(after, y) is None
    assert tape.gradient(y, x).item() == 2.0


def test_unconnected():
    x, y = Variable([1.0, 2.0]), Variable(1.0)
    with GradientTape(persistent=True) as tape:
        z = (x * x).sum()
    assert tape.gradient(z, y) is None
    dx, dy = tape.gradient(z, [x, y], unconnected_gradients="zero")
    assert dx.tolist() == [2.0, 4.0] and dy.shape == () and dy.item() == 0.0
    dx, dy = tape.gradient(z, (x, y), unconnected_gradients=torch.UnconnectedGradients.NONE)
    assert dy is None
    assert tape.jacobian(z, y, unconnected_gradients="zero").tolist() == 0.0
    with pytest.raises(ValueError, match="maybe"):
        tape.gradient(z, y, unconnected_gradients="maybe")


def test_nested_structures():
    weights = {"w": Variable([[1.0, 2.0]]), "b": [Variable(3.0)]}
    with GradientTape() as tape:
        out = {"sum": weights["w"].sum() * weights["b"][0], "b": weights["b"][0] * 2}
    grads = tape.gradient(out, weights)
    assert list(grads) == ["w", "b"]
    assert grads["w"].tolist() == [[3.0, 3.0]] and grads["b"][0].item() == 5.0


def test_output_gradients():
    x = Variable([1.0, 2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, x).tolist() == [2.0, 4.0, 6.0]  # of the sum
    assert tape.gradient(y, x, output_gradients=torch.tensor([1.0, 0.0, -1.0])).tolist() == [2.0, 0.0, -6.0]
    with pytest.raises(ValueError, match="2 tensors"):
        tape.gradient(y, x, output_gradients=[x, x])


def test_jacobian():
    x = Variable([1.0, 2.0])
    w = Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with GradientTape(persistent=True) as tape:
        y = w @ x
    by_x, by_w = tape.jacobian(y, [x, w])
    np.testing.assert_array_equal(by_x.numpy(), w.numpy())
    assert by_w.shape == (3, 3, 2)
    np.testing.assert_array_equal(by_w.numpy(), np.einsum("ij,k->ijk", np.eye(3), x.numpy()))


def test_watching_by_hand():
    x, fixed = Variable(2.0), Variable(3.0, trainable=False)
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = x * fixed
    assert tape.gradient(y, [x, fixed])[0].item() == 3.0 and tape.gradient(y, fixed) is None
    with GradientTape(watch_accessed_variables=False) as tape:
        y = x * fixed
    assert tape.gradient(y, x) is None


def test_a_tape_that_watches_nothing_inside_one_that_does():
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape(watch_accessed_variables=False) as inner:
            y = x * x
        assert inner.gradient(y, x) is None
    assert outer.gradient(y, x).item() == 4.0


def test_watched_variables_are_those_that_were_read():
    a, b, c = Variable(1.0, name="a"), Variable(2.0, name="b"), Variable(3.0, name="c")
    with GradientTape() as tape:
        _ = b * 2 + a
        tape.watch(torch.tensor(1.0))
    assert [v.name for v in tape.watched_variables()] == ["b", "a"]
    assert c.name == "c"


def test_stop_recording():
    x = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            z = y * 5
            assert tape.gradient(y, x).item() == 6.0
        w = y * 7
    assert tape.gradient(z, x) is None and tape.gradient(w, x).item() == 42.0
    with pytest.raises(ValueError, match="Tape is not recording"), tape.stop_recording():
        pass


def test_reset():
    x = Variable(3.0)
    with GradientTape() as tape:
        _ = x * x
        tape.reset()
        y = x * 4
    assert tape.gradient(y, x).item() == 4.0
    tape.reset()
    with tape:
        y = x * 5
    assert tape.gradient(y, x).item() == 5.0


def test_misuse():
    tape = GradientTape()
    with tape, pytest.raises(ValueError, match="Tape is already recording"):
        tape.__enter__()
    with GradientTape() as tape:
        with pytest.raises(ValueError, match=r"Passed in object 1\.0 of type 'float', not Tensor or Variable"):
            tape.watch(1.0)
        with pytest.warns(UserWarning, match=r"must be floating, got torch.int64"):
            tape.watch(torch.tensor(1))
    with pytest.raises(ValueError, match="Passed in object"):
        tape.gradient(torch.tensor(1.0), "x")


def test_an_exception_inside_stops_the_tape():
    x = torch.tensor(1.0)
    with pytest.raises(KeyError), GradientTape() as tape:
        tape.watch(x)
        raise KeyError
    assert not x.requires_grad and (x * 2).grad_fn is None


def test_parameters_and_requires_grad_are_left_as_they_were():
    layer = torch.nn.Linear(2, 1)
    x = torch.ones(1, 2, requires_grad=True)
    with GradientTape() as tape:
        tape.watch(x)
        loss = layer(x).sum()
    dx, dw = tape.gradient(loss, [x, layer.weight])
    assert dx.tolist() == layer.weight.tolist() and dw.tolist() == [[1.0, 1.0]]
    assert x.requires_grad and layer.weight.requires_grad and x.grad is None and layer.weight.grad is None


def test_variable_made_under_the_tape():
    with GradientTape() as tape:
        x = Variable(2.0)
        y = x * x
    assert tape.gradient(y, x).item() == 4.0


def test_assignment():
    x = Variable([1.0, 2.0])
    assert x.assign([3.0, 4.0]) is x and x.numpy().tolist() == [3.0, 4.0]
    assert x.assign_add([1.0, 1.0]).numpy().tolist() == [4.0, 5.0]
    assert x.assign_sub(torch.tensor([4.0, 4.0])).numpy().tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="Shape mismatch"):
        x.assign([1.0])
    with pytest.raises(ValueError, match="cannot be None"):
        Variable()
    value = x.value()
    x.assign([9.0, 9.0])
    assert value.tolist() == [0.0, 1.0]
    assert Variable(lambda: torch.ones(2)).shape == (2,) and Variable(1, dtype=torch.float64).dtype == torch.float64


def test_what_was_recorded_keeps_the_value_that_was_read():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
        x.assign(10.0)
        z = y + x
    assert z.numpy() == 19.0 and tape.gradient(z, x).item() == 7.0  # 2 * 3 + 1


def test_the_source_is_copied():
    array = np.ones(2, np.float32)
    x = Variable(array)
    array[0] = 5
    x.numpy()[1] = 7
    assert x.numpy().tolist() == [1.0, 1.0]


def test_gradient_descent():
    w, b = Variable(0.0), Variable(0.0)
    x = torch.linspace(-1, 1, 21)
    y = 3 * x + 2
    for _ in range(200):
        with GradientTape() as tape:
            loss = ((w * x + b - y) ** 2).mean()
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.3 * dw)
        b.assign_sub(0.3 * db)
    assert loss.numpy() < 1e-9
    assert abs(w.numpy() - 3) < 1e-3 and abs(b.numpy() - 2) < 1e-3


def test_nothing_is_kept_alive():
    gc.disable()
    try:
        x = Variable(3.0)
        with GradientTape() as tape:
            y = x * x
        node = weakref.ref(y.grad_fn)
        tape.gradient(y, x)
        tape, y = weakref.ref(tape), None
        assert node() is None and tape() is None
        x = weakref.ref(x)
        assert x() is None
    finally:
        gc.enable()


def test_marks_stay_private():
    x = Variable(3.0)
    with GradientTape():
        y = x * x
    assert "_taped" not in dir(y)
    with pytest.raises(RuntimeError, match="Can't call numpy"):
        (torch.ones(2, requires_grad=True) * 2).numpy()
