"""The judge measured on the user's own server and catalog: how often it errs, and how small a slowdown it sees."""
