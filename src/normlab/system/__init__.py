"""What the package asks of the operating system: processes, and files that are whole or not there."""
