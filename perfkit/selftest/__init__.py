"""The gate held to changes that are known: it must fail for the bad ones, and pass for the others."""
