"""Children are modules of Python itself here: timeit runs any statement it is given."""

import json
import sys

import pytest
from posewire_server.errors import EngineError
from posewire_server.isolated import IsolatedError, answer, run_isolated

TIMEIT = ("-n", "1", "-r", "1")


def test_run_isolated_crash_names_the_signal() -> None:
    with pytest.raises(IsolatedError, match="crashed with signal 11"):
        run_isolated("timeit", [*TIMEIT, "import os; os.kill(os.getpid(), 11)"], 60)


def test_run_isolated_hang_ends_within_the_time() -> None:
    with pytest.raises(IsolatedError, match=r"did not finish within 0\.5 s"):
        run_isolated("timeit", [*TIMEIT, "import threading; threading.Event().wait()"], 0.5)


def test_run_isolated_exception_returns_its_last_line() -> None:
    with pytest.raises(IsolatedError, match="SystemExit: 3"):
        run_isolated("timeit", [*TIMEIT, "raise SystemExit(3)"], 60)


def test_run_isolated_silent_failure_names_the_status() -> None:
    with pytest.raises(IsolatedError, match="ended with status 3"):
        run_isolated("timeit", [*TIMEIT, "import os; os._exit(3)"], 60)


def test_run_isolated_absent_module_says_so() -> None:
    with pytest.raises(IsolatedError, match=r"No module named posewire_server\.absent"):
        run_isolated("posewire_server.absent", [], 60)


def test_run_isolated_without_an_answer_raises() -> None:
    with pytest.raises(IsolatedError, match="gave no answer"):
        run_isolated("timeit", [*TIMEIT, "pass"], 60)


def test_answer_prints_the_result_last(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("chatter without an end of line")
    answer(lambda: {"value": 1})
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"value": 1}


def test_answer_of_an_error_prints_reason_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> dict[str, int]:
        raise EngineError("ENGINE_FAILED", "no luck")

    answer(fail)
    reply = json.loads(capsys.readouterr().out)
    assert reply == {"reason": "ENGINE_FAILED", "message": "no luck"}
