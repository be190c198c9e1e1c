"""Asking a server the same again and again: connections, the turns of a loop, the books."""
