"""The study: which stages it has, their text results, and what is collected from them."""
