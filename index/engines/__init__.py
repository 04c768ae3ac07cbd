"""The vector and text stores that are built from the catalog, and their generations."""
