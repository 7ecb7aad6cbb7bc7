"""What a person reads: which figures and tables there are, and how they are drawn."""
