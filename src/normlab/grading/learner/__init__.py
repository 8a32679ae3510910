"""What runs in the learner's process: loads the file, calls the learner's code, answers in plain data."""
