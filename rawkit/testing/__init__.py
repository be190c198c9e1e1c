"""For people who write engines or network code: virtual time, memory networks, a pytest plugin."""
