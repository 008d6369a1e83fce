"""Is this page good enough, and what does the clerk do if not? Measured from pixels (DA/T 31-2017)."""
