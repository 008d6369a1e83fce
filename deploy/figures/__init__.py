"""Figures as people read them: tables in Chinese, CSV and XLSX for spreadsheets, JSON for programs (J05)."""
