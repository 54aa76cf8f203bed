"""Nothing in src is there for nobody; what no program can see the use of stands here, with why."""

import re

from vulture import Vulture

from kansen_analysis.programme.workspace import root

ROOT = root()
# Called by name: a page by its notebook, or by the generated notebooks that name what they show.
CALLERS = [*ROOT.glob("notebooks/**/*.ipynb"), ROOT / "src/kansen_analysis/publish/generated.py"]

ALLOWED = {
    "Python asks a module or a class for it": {"__getattr__", "model_config", "ignore_aliases"},
    "how IPython lets an object show itself, and a cell run": {
        *("include", "displayhook_class", "display_pub_class", "showtraceback", "showsyntaxerror"),
        *("write_output_prompt", "write_format_data", "finish_displayhook", "_is_active"),
        *("args", "kwargs", "transient", "writable", "enabled"),
    },
    "html.parser calls it": {"handle_endtag", "handle_startendtag"},
    "openpyxl, zipfile and decimal write it": {
        *("creator", "freeze_panes", "hyperlink", "number_format", "alignment", "allow_blank"),
        *("errorStyle", "errorTitle", "showErrorMessage", "create_system", "prec"),
    },
    "the command and its options": {"parquet"},
    "an edition keeps it for who reads further": {
        *("by_step", "others_before", "others_since", "years_before", "from_std_error"),
    },
    "for researchers, documented": {"about_table", "simulate", "outlook"},
}


def test_nothing_is_there_for_nobody():
    decorators = ["@says", "@app.*", "@*.command", "@model_validator", "@field_validator"]
    search = Vulture(ignore_names=["_repr_*"], ignore_decorators=decorators)
    search.scavenge([str(ROOT / "src")])
    named = {
        word for path in CALLERS for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    }
    allowed = set().union(*ALLOWED.values())
    dead = [
        f"{item.filename.name}:{item.first_lineno} {item.typ} {item.name}"
        for item in search.get_unused_code()
        if item.name not in named | allowed
    ]
    assert not dead


def test_what_is_allowed_is_still_there():
    code = " ".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    known = set(re.findall(r"\w+", code))
    assert set().union(*ALLOWED.values()) <= known
