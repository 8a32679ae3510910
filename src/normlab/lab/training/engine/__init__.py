"""What computes the cells: everything that decides their numbers is here or in the library below."""
