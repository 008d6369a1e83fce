"""Checking a licence or a fact with the body that has it (在线核验; A07, D20, H05, H06)."""
