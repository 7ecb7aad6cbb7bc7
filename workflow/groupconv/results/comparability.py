"""Whether a run can be compared with the paper: the keys in which it is not the paper's."""


def papers_schemes(ours: dict, theirs: dict) -> list[str]:
    """The paper's schemes that are configured as the paper has them: its groups, nothing else.

    ``ours`` is params.yaml's section, ``theirs`` {name: groups}. A narrower or a shuffled network
    is another one.
    """
    plain = {"shuffle": False, "width": 1}
    return [
        name
        for name, groups in theirs.items()
        if name in ours and {**plain, **ours[name]} == {**plain, "groups": groups}
    ]


def differences(params: dict, setting: dict) -> list[str]:
    """The keys in which this run is not the paper's, as "key: ours (the paper: theirs)"."""
    found = []
    for key, theirs in setting.items():
        section, name = key.split(".")
        if params[section][name] != theirs:
            ours = "all" if params[section][name] is None else params[section][name]
            found.append(f"{key}: {ours} (the paper: {theirs})")
    return found
