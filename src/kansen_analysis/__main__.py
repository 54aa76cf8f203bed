"""``python -m kansen_analysis`` is the command ``kansen``."""

from kansen_analysis.cli import main

if __name__ == "__main__":
    main()
