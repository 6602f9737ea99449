"""The parts of an HTML page: its blocks, plans, pictures, anchors, and the files that stand in it."""
