"""What the kernel and the resolver mean by their error numbers: one table for every command."""
