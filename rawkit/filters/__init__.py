"""Filters in tcpdump's words: read, turned into classic BPF, and run (pcap-filter(7))."""
