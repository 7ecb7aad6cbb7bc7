"""The ways to run a trained network: a table, and a module for each library."""
