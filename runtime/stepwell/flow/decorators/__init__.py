"""The vocabulary of step decorators: one module each, all on the mechanism of `base`."""
