"""What holds for every test: nothing reaches another computer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.network_guard import NetworkGuard

_GUARD = NetworkGuard()
_GUARD.install()


@pytest.fixture
def network_guard() -> NetworkGuard:
    """What watches over the network, for the tests of it."""
    return _GUARD


@pytest.fixture(autouse=True)
def _offline() -> Iterator[None]:
    _GUARD.tries.clear()
    yield
    tries, _GUARD.tries = _GUARD.tries, []
    assert not tries, f"this test reached for the network: {tries}"
