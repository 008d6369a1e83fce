"""Verification simulator: a body that has the seven kinds of data, with an HTTP interface and deterministic scenarios.

A process of its own (``python -m deploy.verifier``); nothing of it is imported by the product.
"""
