"""What this machine is, and what this process may do on it."""
