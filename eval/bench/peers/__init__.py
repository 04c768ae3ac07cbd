"""Footnote beside other libraries: the same files and model, each as its documentation starts."""
