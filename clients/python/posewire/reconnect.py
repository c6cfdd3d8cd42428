"""When to try again after a connection broke."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Exponential back-off with jitter; the count starts anew with every outcome that arrives.

    Attributes:
        initial_s: Wait before the first attempt.
        factor: How much longer each further wait is.
        max_s: Longest wait, before jitter.
        jitter: Each wait is lengthened or shortened at random by up to this share, so that many
            clients do not come back at the same moment.
        max_attempts: Attempts without an outcome in between before giving up; 0: never try again;
            None: never give up.
    """

    initial_s: float = 0.2
    factor: float = 2.0
    max_s: float = 10.0
    jitter: float = 0.2
    max_attempts: int | None = 5

    def delay_s(self, attempt: int, chance: float) -> float | None:
        """Returns the wait before an attempt, counted from 0; None: give up.

        Args:
            attempt: Attempts made since the last outcome.
            chance: A random number in [0, 1).
        """
        if self.max_attempts is not None and attempt >= self.max_attempts:
            return None
        wait_s = min(self.max_s, self.initial_s * self.factor ** min(attempt, 64))
        return wait_s * (1.0 + self.jitter * (2.0 * chance - 1.0))
