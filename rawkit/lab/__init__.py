"""Networks in a box: namespaces, wires and routers, without root."""
