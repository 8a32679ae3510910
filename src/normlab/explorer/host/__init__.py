"""Where a conversation is held: the page's server, a notebook's widget, and a file without Python."""
