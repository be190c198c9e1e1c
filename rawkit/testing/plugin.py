"""The pytest plugin: labs as fixtures, privilege as markers."""
