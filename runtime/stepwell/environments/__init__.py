"""Environments of packages: asked for by decorators, locked once, built once, and the same everywhere."""
