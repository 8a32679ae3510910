"""What runs where `normlab.grade` is called: starts the process that grades, and writes its reports."""
