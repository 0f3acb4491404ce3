"""Settings of the documentation: `make docs` builds it without a network, warnings are errors."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

from collapse_sim import __version__  # noqa: E402

project = "collapse_sim"
author = "The collapse_sim authors"
copyright = author  # noqa: A001
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "mathml", "generated", "docstrings"]
exclude_patterns = ["_build", "extensions"]
nitpicky = False  # types of JAX and NumPy have no pages here: nothing is read from the network

myst_enable_extensions = ["dollarmath", "deflist", "fieldlist", "colon_fence"]
myst_dmath_double_inline = True  # a displayed formula may follow its text without a blank line
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a page that is included begins below its own title

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
smartquotes = False  # `--flag` stays what it is, outside code too
default_role = "code"  # docstrings are plain text with `names`

html_theme = "furo"
html_title = "collapse_sim"
html_math_renderer = "mathml"
html_static_path = ["extensions/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "monokai"
