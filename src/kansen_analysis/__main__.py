"""``python -m kansen_analysis`` is the command ``kansen``."""

import os


def main() -> None:
    """Run the command, on one thread for each process.

    The regressions are many and small: threads of the linear algebra below numpy wait for each
    other longer than they work, above all beside other processes. It must be said before numpy is
    imported, and whoever says otherwise in the environment is obeyed.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from kansen_analysis.cli import main as command

    command()


if __name__ == "__main__":
    main()
