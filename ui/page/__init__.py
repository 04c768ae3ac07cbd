"""The Gradio chat page: conversations, sources and documents."""
