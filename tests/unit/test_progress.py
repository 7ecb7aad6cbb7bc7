"""Times left, as a person reads them."""

from datetime import datetime

import pytest
from groupconv.ground import progress


@pytest.mark.parametrize(
    ("now", "seconds", "said"),
    [
        (datetime(2026, 11, 27, 14, 26), 8040, "2 h 14 min left, at about 16:40"),
        (datetime(2026, 11, 27, 14, 26), 1800, "30 min left, at about 14:56"),
        (datetime(2026, 11, 27, 14, 26), 40, "40 s left"),
        (datetime(2026, 11, 30, 23, 0), 7200, "2 h 0 min left, at about 01:00 on Tue 1 Dec"),
        (datetime(2026, 11, 27, 9, 0), 400_000, "111 h 7 min left, at about 00:06 on Wed 2 Dec"),
    ],
)
def test_what_takes_long_says_how_much_longer_and_until_when(now, seconds, said, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls):
            return now

    monkeypatch.setattr(progress, "datetime", Clock)
    assert progress.ending(seconds) == said
