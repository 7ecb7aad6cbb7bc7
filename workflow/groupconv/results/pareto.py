"""Which of several networks no other beats in both cost and accuracy. Knows no files."""


def front(points: dict[str, tuple[float, float]]) -> list[str]:
    """The names on the Pareto front, the cheapest first.

    ``points``: {name: (cost, accuracy)}. A network is on it if no other costs at most as much, is
    at least as accurate, and better in one of the two. Estimates, without their intervals.
    """
    return [
        name
        for name, (cost, accuracy) in sorted(points.items(), key=lambda item: item[1])
        if not any(
            c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a in points.values()
        )
    ]
