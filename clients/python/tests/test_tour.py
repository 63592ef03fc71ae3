"""The tour of the README with this SDK, run as it is written there. What a line prints is in the
comment at its end."""

import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parents[3] / "README.md"


def test_the_tour_does_what_it_says(server):
    block = README.read_text().split("## Two minutes", 1)[1].split("```python\n", 1)[1]
    program = block.split("```", 1)[0]
    promised = re.findall(r"^print\(.*\)\s+# (.*)$", program, re.M)
    assert len(promised) >= 4
    program = program.replace("http://127.0.0.1:12111", server.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == promised, done.stderr
