"""What a user of each library writes to build, read and change a packet."""
