"""Hybrid retrieval: fusion, sentence scores, reranking and answerability."""
