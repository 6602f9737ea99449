"""What a statement does with the columns of the tables that it reads: what it compares, joins, sorts, needs and sets."""
