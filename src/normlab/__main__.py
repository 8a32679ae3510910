"""`python -m normlab`: the command, where its script is not on the path."""

from normlab.cli import main

if __name__ == "__main__":
    main()
