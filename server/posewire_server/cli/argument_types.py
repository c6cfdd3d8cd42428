"""Types of arguments: numbers within a range; a wrong one says what is expected."""

import argparse
from collections.abc import Callable


def positive_int(text: str) -> int:
    """Returns a whole number of at least 1."""
    return _int(text, 1)


def non_negative_int(text: str) -> int:
    """Returns a whole number of at least 0."""
    return _int(text, 0)


def fraction(text: str) -> float:
    """Returns a number from 0 to 1."""
    number = _float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range; give a number from 0 to 1")
    return number


def seconds(text: str) -> float:
    """Returns a finite duration of at least 0 seconds."""
    number = _float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no duration; give 0 or more seconds")
    return number


def seconds_up_to(maximum_s: float) -> Callable[[str], float]:
    """Returns the type of a duration of more than 0 and at most ``maximum_s`` seconds."""

    def read(text: str) -> float:
        number = _float(text)
        if not 0 < number <= maximum_s:
            problem = f"{text} s is out of range; give more than 0 and at most {maximum_s:g}"
            raise argparse.ArgumentTypeError(problem)
        return number

    return read


def _int(text: str, minimum: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if number < minimum:
        raise argparse.ArgumentTypeError(f"{text} is too small; give at least {minimum}")
    return number


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
