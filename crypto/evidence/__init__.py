"""The evidence package of one case: built by the hub, verified by anybody without network.

Pure: bytes in, values out. What a package holds stands in ``read``, what is checked stands in ``verify``.
"""
