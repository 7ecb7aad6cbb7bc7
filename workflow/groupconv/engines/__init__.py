"""Snakemake and DVC: what is up to date, what is recorded. The only room that knows either."""
