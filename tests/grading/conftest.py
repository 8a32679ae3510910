"""The zoo's files are graded, not collected."""

collect_ignore_glob = ["zoo/*"]
