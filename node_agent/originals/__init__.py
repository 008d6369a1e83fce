"""Paper in hand: originals and results on paper, taken, packed, checked in, handed over (states.md 5, 6)."""
