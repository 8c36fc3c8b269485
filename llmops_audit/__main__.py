"""``python -m llmops_audit`` is the command line."""

from llmops_audit.cli import main

if __name__ == "__main__":
    main()
