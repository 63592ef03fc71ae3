"""The README of the project shows this agent at work; here it does what is promised there."""

import contextlib
import io
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_of_the_project_does_what_it_says(server):
    _, agents = README.read_text().split("\n## For agents\n")
    _, block = agents.split("```python\n", 1)
    script, _ = block.split("```", 1)
    promised = [line.split("# ")[1] for line in script.splitlines() if line.startswith("print(")]
    assert promised == ["manual"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(script.replace("http://127.0.0.1:12111", server.url), {})
    assert printed.getvalue().splitlines() == promised
