"""For the published services, by PYTHONPATH: names below localhost, for which uvloop would ask the system."""

import sys

import localhost

sys.modules["uvloop"] = None
