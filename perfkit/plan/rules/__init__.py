"""Plan rules, one file a family; each turns a plan into findings."""
