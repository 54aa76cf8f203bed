"""The protocol, fixed beforehand, and the rule: a verdict code with its numbers."""
