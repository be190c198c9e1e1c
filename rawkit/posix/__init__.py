"""Ordinary sockets: addresses in one notation, their sockaddrs, their options."""
