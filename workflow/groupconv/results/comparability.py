"""Whether a run can be compared with the paper: the keys in which it is not the paper's."""


def differences(params: dict, setting: dict) -> list[str]:
    """The keys in which this run is not the paper's, as "key: ours (the paper: theirs)"."""
    found = []
    for key, theirs in setting.items():
        section, name = key.split(".")
        if params[section][name] != theirs:
            ours = "all" if params[section][name] is None else params[section][name]
            found.append(f"{key}: {ours} (the paper: {theirs})")
    return found
