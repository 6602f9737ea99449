"""Where a server's time goes now: sessions sampled, attributed to queries, waits and blockers; counters over the same window."""
