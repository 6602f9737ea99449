"""The doctor: what this role and this server allow perfkit to do, what is missing, and how to get it. Pure."""
