"""The verbs: one call from a host name to an answer. One file a verb."""
