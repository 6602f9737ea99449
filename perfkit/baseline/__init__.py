"""The baseline room: what was measured is stored, and later runs are judged against it."""
