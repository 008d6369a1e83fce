"""Masked pages: what is covered is gone, and an auditor can check that nothing else differs (part of promise 1)."""
