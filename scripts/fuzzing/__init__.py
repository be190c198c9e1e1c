"""Looking for octets that are not read as they should be."""
