"""The history room: every run leaves a line, and slow drift is found over many of them."""
