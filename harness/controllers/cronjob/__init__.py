"""The CronJob controller: a Job at each time of a schedule.

`timing.py` says which time is due and when to look again, `jobs.py` makes a Job and reads those
that there are, `controller.py` is the loop. Schedules themselves are read by
`harness.apiserver.kinds.schedules`, which the server's validation uses too.
"""

from .controller import CronJobController

__all__ = ["CronJobController"]
