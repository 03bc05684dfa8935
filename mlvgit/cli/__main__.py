"""`python -m mlvgit.cli`."""

import sys

from mlvgit.cli.main import main

sys.exit(main())
