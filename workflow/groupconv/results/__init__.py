"""What decides a number of a table: intervals, comparability. Knows no files."""
