"""Text to vectors: the embedding model, its batching and its pooling."""
