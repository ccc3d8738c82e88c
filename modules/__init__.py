"""Constructs, one AWS capability a file: ``(scope, id, props)`` with frozen props, in CDKTF."""
