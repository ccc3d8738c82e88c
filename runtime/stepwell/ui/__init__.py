"""The web view: runs as a browser shows them, read from the datastore and never written.

``server`` answers whom ``guard`` admits; ``routes`` finds for a request what answers it; ``runs``,
``timeline``, ``tasks``, ``values`` and ``lineage`` make JSON of what the client reads; ``layout`` says where
the steps of a graph stand. What the browser gets besides is in ``static``.
"""
