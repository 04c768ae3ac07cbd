"""Verification: support of statements by quotes, contradictions, conflicts of documents."""
