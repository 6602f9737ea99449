"""What a cache in front of a catalog would bring: requests, hit rates for every size, what is worth caching, and the proof."""
