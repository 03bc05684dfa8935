"""Puts this folder on the path, so that the tests of rules can import `rules_world`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
