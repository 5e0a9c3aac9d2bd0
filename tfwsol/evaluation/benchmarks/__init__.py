"""Side-by-side timings: a suite is a file here and a line in `suites.SUITES`."""

from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.suites import SUITES, run_suite
from tfwsol.evaluation.benchmarks.timing import Case, Timing, measure

__all__ = ["SUITES", "Case", "CaseGroup", "SuiteOptions", "Timing", "measure", "run_suite"]
