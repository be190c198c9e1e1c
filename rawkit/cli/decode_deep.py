"""``rawkit decode --deep``: scapy reads what is inside of what rawkit reads."""

from rawkit.cli.packet_lines import Seen
from rawkit.cli.records import Value
from rawkit.interop import deep_layers
from rawkit.wire.packet import Packet


class Deep:
    """Tells what scapy finds beyond rawkit's headers."""

    def __init__(self) -> None:
        """Have scapy load its protocols.

        Raises:
            UsageError: it is not installed.
        """
        deep_layers(Packet())

    def layers(self, seen: Seen) -> list[Value]:
        """Return the layers that rawkit does not read as values of JSON, outermost first."""
        return [
            {"scapy_layer": layer.name, "layer_fields": layer.fields}
            for layer in deep_layers(seen.packet)
        ]

    def text(self, seen: Seen, *, with_fields: bool) -> str:
        """Return the same as text: a line each, and a line for each field if these are wanted."""
        lines = []
        for layer in deep_layers(seen.packet):
            lines.append(f"    {layer.name}: {layer.summary}")
            if with_fields:
                lines += [f"      {name:<16} {value}" for name, value in layer.fields.items()]
        return "".join(f"{_plain(line)}\n" for line in lines)


def _plain(line: str) -> str:
    """Return a line without what would play tricks on a terminal."""
    return "".join(letter if letter.isprintable() else "." for letter in line)
