"""Finding personal data on a page that was read (issue 5, part 3)."""
