"""Carrier simulator: a carrier with an HTTP interface that plays the 18 scenarios of the postal rules.

A process of its own (``python -m deploy.carrier``); nothing of it is imported by the product.
"""
