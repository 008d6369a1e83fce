"""How the log is proven: RFC 6962 hashing and C2SP transparency log formats. Pure: bytes in, bytes out."""
