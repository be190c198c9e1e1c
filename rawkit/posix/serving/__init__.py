"""What all models of a server have in common: accepting, limits, ending, counting."""
