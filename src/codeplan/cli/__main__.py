"""``python -m codeplan.cli``."""

from codeplan.cli.root import main

main()
