"""What the property tests share: scapy, as the second opinion."""

import warnings
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def scapy() -> ModuleType:
    """Scapy with its layers loaded, which takes a while and is somewhat noisy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import scapy
        import scapy.contrib.mpls
        import scapy.layers.inet
        import scapy.layers.inet6
        import scapy.layers.l2
    module: ModuleType = scapy
    return module
