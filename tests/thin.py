"""What a notebook may not hold: definitions, loops and merges belong in the library."""

import ast

from nbformat import NotebookNode

from kansen_analysis.publish.dialect import Breach

MERGES = {"merge", "merge_asof", "merge_ordered", "join", "concat"}


def thick(notebook: NotebookNode, name: str) -> list[Breach]:
    """Find what belongs in the library and not in a notebook.

    Parameters
    ----------
    notebook : NotebookNode
    name : str
        What to call it.

    Returns
    -------
    list of Breach
        Function and class definitions, loops (comprehensions too) and merges.

    """
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            message = f"not plain Python ({error.msg}); magics and shell lines are not allowed"
            found.append(Breach(name, number, message))
            continue
        for node in ast.walk(tree):
            if what := _too_much(node):
                found.append(Breach(name, number, f"{what} belongs in the library"))
    return found


def _too_much(node: ast.AST) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return "a function definition"
    if isinstance(node, ast.ClassDef):
        return "a class definition"
    if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.comprehension):
        return "a loop"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        on_text = isinstance(node.func.value, ast.Constant)  # ", ".join(…) is no merge
        if node.func.attr in MERGES and not on_text:
            return f"a merge (.{node.func.attr})"
    return None
