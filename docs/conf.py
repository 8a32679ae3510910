"""The site: `make site` builds it from docs/, without network."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE / "_ext"), str(HERE.parent / "tests" / "public")]

from normlab import __version__  # noqa: E402

project = "normlab"
author = "the normlab project"
copyright = "the normlab project"
version = release = __version__
language = "en_GB"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxext.opengraph",
    "access",
    "contents",
    "docstrings",
    "formulas",
    "generated",
    "plain",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_*"]
templates_path = ["_templates"]
suppress_warnings = [
    "myst.header"
]  # generated pages begin some tables under a heading of the third rank

contents_first = {"reference/index": ["api/index", "commands/index"]}

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests run what the pages print

default_role = "code"
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "normlab"
html_static_path = ["_static", "pictures"]
html_css_files = ["site.css"]
html_baseurl = os.environ.get("NORMLAB_SITE", "")
html_last_updated_fmt = None
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "normlab"},
    "show_prev_next": False,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc", "plain"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}

ogp_site_url = html_baseurl
ogp_social_cards = {"enable": False}
ogp_enable_meta_description = True
