"""What a user can mend: the adapter prints each of these as one line, without a traceback."""


class StepError(Exception):
    """A cause outside the code; its text is one line: file, key, value, what is allowed."""


class ParamsError(StepError):
    """A value in params.yaml (or --config) that is not allowed."""


class SchemeError(ParamsError):
    """A number of groups that the architecture cannot have."""


class DataError(StepError):
    """Raw or prepared data that is missing, altered or unusable."""


class DeviceError(StepError):
    """A device or a number of cores that this machine does not have."""


class DivergedError(StepError):
    """A training whose loss is no number any more."""


class DiskError(StepError):
    """No room to write a file."""


def span(low: int, high: int, none: str = "none") -> str:
    """The whole numbers that are allowed: "2 to 5", "2", or ``none`` where ``high`` is below."""
    if high < low:
        return none
    return f"{low} to {high}" if high > low else str(low)
