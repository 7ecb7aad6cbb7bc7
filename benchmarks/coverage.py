"""How often the 95% interval of a scheme's change holds the true one, as docs/statistics.md has it.

PYTHONPATH=workflow python benchmarks/coverage.py [--runs N]

Prints a Markdown table over images, the standard deviation of accuracy between seeds, and seeds;
and one over the seeds' degrees of freedom and share of the variance, of 25 times as many runs. One
Monte Carlo error of a share is 0.7 points with 1,000 runs.
"""

import asked
from groupconv.results import rates

CHANGE = -2.49  # points; the paper's, of scheme E
DFS, SHARES = (1, 2, 3, 4, 6, 10), (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
IMAGES, SEED_SDS, SEEDS = (260, 3000, 13221), (0.0, 0.3, 0.6), (2, 3, 5)


def main() -> None:
    """Print the table, a row as soon as it is there."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=asked.count, default=1000, help="made-up runs of each cell")
    runs = parser.parse_args().runs
    print("| test images | between seeds | " + " | ".join(f"{n} seeds" for n in SEEDS) + " |")
    print("|---|---|" + "---|" * len(SEEDS))
    for images in IMAGES:
        for seed_sd in SEED_SDS:
            shares = (rates.of_coverage(CHANGE, seed_sd, n, images, runs) for n in SEEDS)
            cells = " | ".join(f"{100 * share:.1f}%" for share in shares)
            print(f"| {images:,} | {seed_sd} points | {cells} |", flush=True)
    print("\n| degrees of freedom | " + " | ".join(f"{share:.0%}" for share in SHARES) + " |")
    print("|---|" + "---|" * len(SHARES))
    for df in DFS:
        shares = (rates.of_few_seeds(df, share, 25 * runs) for share in SHARES)
        print(f"| {df} | " + " | ".join(f"{100 * share:.1f}%" for share in shares) + " |")


if __name__ == "__main__":
    asked.run(main)
