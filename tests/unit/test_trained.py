import pytest
from groupconv.ground.errors import DataError
from groupconv.results.trained import seeds_of


def test_the_seeds_are_those_that_are_there_and_none_is_refused(tmp_path):
    history = f"{tmp_path}/{{scheme}}-{{seed}}.csv"
    for name in ("baseline-0", "baseline-2", "E-1"):
        (tmp_path / f"{name}.csv").touch()
    assert seeds_of(history, ["baseline", "E"], [2, 1, 0]) == {"baseline": [2, 0], "E": [1]}
    with pytest.raises(DataError, match=r"/D-0\.csv: missing; no training of D is there"):
        seeds_of(history, ["baseline", "D"], [0, 1])
