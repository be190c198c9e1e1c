"""TCP (RFC 9293) as an engine: segments and time in, segments and events out.

Read RFC 9293 §3.10 before you work on this room: its modules follow it. Start with
:mod:`rawkit.tcp.connection`, one connection, and :mod:`rawkit.tcp.stack`, many of them.
"""
