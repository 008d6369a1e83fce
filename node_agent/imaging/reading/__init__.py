"""Reading a page: lines of text with the place of every character (issue 5, part 3)."""
