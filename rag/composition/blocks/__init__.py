"""A document's blocks, which of them answer a question, and the claims made of them."""
