"""Writes the snapshot of the public interface anew, on purpose: `make snapshot`."""

from interface import FILES, HERE, text_of

if __name__ == "__main__":
    for name in FILES:
        (HERE / name).write_text(text_of(name), encoding="utf-8")
