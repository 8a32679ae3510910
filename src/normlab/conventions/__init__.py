"""What the frameworks mean by the rows of the table. Needs no torch."""
