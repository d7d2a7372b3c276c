"""The handle that removes a hook."""

import copy
import weakref

from tinygrad_edu.utils.hooks import HookDict, RemovableHandle, add_hook


def test_hooks_keep_their_order_and_prepended_ones_come_first():
    hooks = HookDict()
    add_hook(hooks, "first")
    add_hook(hooks, "second")
    add_hook(hooks, "zeroth", prepend=True)
    assert list(hooks.values()) == ["zeroth", "first", "second"]


def test_remove_takes_the_hook_and_its_options_once():
    hooks, options, more = HookDict(), HookDict(), HookDict()
    handle = add_hook(hooks, "hook", extra_dict=[options, more])
    other = add_hook(hooks, "other", extra_dict=options)
    options[handle.id] = options[other.id] = more[handle.id] = True
    handle.remove()
    handle.remove()
    assert list(hooks.values()) == ["other"]
    assert dict(options) == {other.id: True}
    assert not more


def test_a_handle_is_a_context_manager():
    hooks = HookDict()
    with add_hook(hooks, "hook") as handle:
        assert handle.id in hooks
    assert not hooks


def test_a_handle_keeps_nothing_alive():
    hooks = HookDict()
    handle = add_hook(hooks, "hook")
    watched = weakref.ref(hooks)
    del hooks
    assert watched() is None
    handle.remove()


def test_a_copied_handle_removes_the_copied_hook():
    hooks = HookDict()
    handle = add_hook(hooks, "hook")
    copied_hooks, copied_handle = copy.deepcopy((hooks, handle))
    copied_handle.remove()
    assert not copied_hooks
    assert list(hooks.values()) == ["hook"]
    assert RemovableHandle(hooks).id > copied_handle.id
