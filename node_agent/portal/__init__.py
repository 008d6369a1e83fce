"""A portal's agent (网上入口): seals what an applicant filled in elsewhere, and passes on what he orders (A02)."""
