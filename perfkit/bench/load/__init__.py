"""Load: the catalog as many users at once call it, how many the database holds, and what stands in the way first."""
