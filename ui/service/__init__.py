"""What all interfaces share, without HTTP: admission control, library, history, tokens."""
