"""``python -m kansen_analysis.bench`` runs the bench."""

from kansen_analysis.bench.command import main

if __name__ == "__main__":
    main()
