"""The schematics' Python is run from the project's root, so that has to be on the path."""

import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.append(str(PROJECT))
