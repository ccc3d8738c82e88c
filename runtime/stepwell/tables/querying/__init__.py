"""SQL over tables: which engine runs a query, and how each does."""
