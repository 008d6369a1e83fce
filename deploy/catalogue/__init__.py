"""Lists of items as files: read strictly, written so that they can be read again, and told to people.

The list itself and its rules are ``hub.casework.catalogue``, which knows no files.
"""
