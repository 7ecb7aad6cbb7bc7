"""From raw files to packed images and their parts. Knows no steps and no network."""
