"""Write the tables of settings.md anew from the program: uv run python docs/reference/settings.py."""

from __future__ import annotations

from pathlib import Path

from casebook.configuration.telling import tables
from casebook.settings import Settings

PAGE = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- made by settings.py: begin -->\n", "<!-- end -->\n"

if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{tables(Settings)}\n\n{END}{after}", "utf-8")
