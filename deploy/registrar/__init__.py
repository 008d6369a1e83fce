"""The regional registrar and certificate authority: a program of its own, with a folder of its own."""
