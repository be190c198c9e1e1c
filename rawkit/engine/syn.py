"""A SYN as Linux makes it: some firewalls drop others."""

SYN_OPTIONS = bytes.fromhex("020405b4 0402 080a0000000100000000 01 030307")
"""MSS 1460, SACK permitted, timestamps, window scale."""
WINDOW = 64_240
"""Octets."""
