import pytest

pytest.register_assert_rewrite("agreement", "transcript")


@pytest.fixture(scope="session")
def browser():
    """A Chromium without a window. Tests that need one are skipped where there is none."""
    from browser import Browser, find_chromium

    if find_chromium() is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    started = Browser()
    yield started
    started.close()


@pytest.fixture(scope="session")
def page_files(tmp_path_factory):
    """The step-through pages of ``pages.PAGES`` as files."""
    from pages import PAGES

    folder = tmp_path_factory.mktemp("pages")
    return {name: make().write(folder / f"{name}.html") for name, make in PAGES.items()}


@pytest.fixture
def card(browser, page_files):
    """A browser that shows the card's page; afterwards nothing may have gone wrong in it."""
    browser.open(page_files["card"])
    yield browser
    assert browser.errors == []
    assert browser.requests == [page_files["card"].as_uri()]
