"""Runs the usage text that the public registry prints for each tool, `await` and all."""

import ast
import asyncio
import inspect

from mock import DATA

PLACEHOLDER = "    # Add required parameters here\n"


def run_snippet(name: str, arguments: str = "") -> dict:
    """Runs the text for this tool as `python -m asyncio` would and returns its variables. The
    text is as printed, but for arguments in the place that it leaves for them."""
    text = (DATA / f"usage_{name}.txt").read_text()
    assert text.count(PLACEHOLDER) == 1 and text.count("await ") == 2
    if arguments:
        text = text.replace(PLACEHOLDER, f"    {arguments}\n")
    code = compile(text, f"usage of {name}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert code.co_flags & inspect.CO_COROUTINE
    names: dict = {}

    async def main():
        await eval(code, names)

    asyncio.run(main())
    return names
