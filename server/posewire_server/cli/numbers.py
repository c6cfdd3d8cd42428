"""Numbers of the command line: read, or refused with what would do."""

import argparse
from collections.abc import Callable


def count(text: str) -> int:
    """Returns a positive whole number."""
    return _whole(text, 1)


def count_or_zero(text: str) -> int:
    """Returns a whole number that is not negative."""
    return _whole(text, 0)


def share(text: str) -> float:
    """Returns a number from 0 to 1."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range; give a number from 0 to 1")
    return number


def span(text: str) -> float:
    """Returns a length of time, which is not negative and ends."""
    number = _number(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no length of time; give 0 or more")
    return number


def seconds_up_to(most_s: float) -> Callable[[str], float]:
    """Returns what reads a length of time of more than 0 and at most so many seconds."""

    def read(text: str) -> float:
        number = _number(text)
        if not 0 < number <= most_s:
            problem = f"{text} s is out of range; give more than 0 and at most {most_s:g}"
            raise argparse.ArgumentTypeError(problem)
        return number

    return read


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if number < least:
        raise argparse.ArgumentTypeError(f"{text} is too small; give at least {least}")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
