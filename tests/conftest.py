"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("rawkit", deadline=None)  # no test may fail because its machine is slow
settings.load_profile("rawkit")
