"""Coordinator and supervisor: cases that nobody took, cards, complaints, ratings."""
