"""TCP connections made in user space, on a link of their own, beside the kernel's TCP.

A *link* moves segments, a *guard* keeps the kernel from answering them, a
:class:`~rawkit.tcp.stack.Stack` says what is to be done. Start with :mod:`rawkit.endpoint.host`.
"""
