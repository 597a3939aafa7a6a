"""Creates profiles whose texts a parser could misread, and reads their YAML back with several parsers.

Usage: verify.py REST_URL TOKEN TOOLS      TOOLS: the folder with parse.mjs and its packages
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import ruamel.yaml
import yaml

# Strings that YAML 1.1, YAML 1.2 or one of the parsers may read as another type.
TEXTS = [
    *["y", "Y", "n", "N", "yes", "No", "ON", "off", "true", "False", "TRUE", "null", "Null", "~", "nil"],
    *["0", "-0", "+1", "012", "0o7", "0b101", "0x1F", "1_000", "685_230.15", ".5", "1.", "1e3", "12e03", "-1E-4"],
    *["e1", "E56", "e-7", "+e2", "0e", "09:30", "0:30", "012:30", "0:0:0", "08", "1_", "0x", "0o", "1..2", "1-2", "-", "1:"],
    *["1:30", "190:20:30", "190:20:30.15", ".inf", "-.INF", ".nan", "NaN", "1,000", "0.", "٣"],
    *["2026-11-21", "2026-1-1", "2026-11-21T00:00:00Z", "2026-11-21 00:00:00", "2026-11-21t00:00:00.5+01:00"],
    *["<<", "=", "-", "?", "---", "...", "- a", "? a", "a: b", "a:", ":a", "a #b", "#c", "%TAG", "@a", "`a"],
    *["'", '"', "\\", "\\n", "c:\\x", "it's", 'say "a"', "{}", "[]", "{a: b}", "[a, b]", "&a", "*a", "!t", "!!str a"],
    *["|", ">", "|-", "a|b", ",", "a,b", " x", "x ", "  ", "\u00a0", "x\u00a0", "🦀", "é", "e\u0301", "مرحبا"],
    *["a\u2028b", "a\u2029b", "\u2028", "a\u2029", "\ufeff", "\ufeffa", "a\ufeffb", "a\u200bb", "a\u200d", "\u202ea"],
    *["a\ufffdb", "\U0001f600", "x" * 100],
]
# Blank text is rejected.
TEXTS = [text for text in TEXTS if text.strip()]
LISTS = ["allowed_tag_ids", "excluded_tag_ids", "allowed_node_types", "excluded_node_types"]


def request(method, path, body=None, accept="application/json"):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Accept": accept}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.read().decode()}")


def ruamel_yaml(version):
    parser = ruamel.yaml.YAML(typ="safe", pure=True)
    parser.version = version
    return parser.load


def by_node(texts):
    """What the JavaScript parsers make of each document."""
    given = json.dumps(texts)
    read = subprocess.run(["node", "parse.mjs"], input=given, capture_output=True, text=True, check=True, cwd=TOOLS)
    return json.loads(read.stdout)


def by_python(text):
    """What each Python parser makes of a document; the error of one that does not read it."""
    for name, load in {
        "PyYAML": yaml.safe_load,
        "PyYAML over libyaml": lambda text: yaml.load(text, yaml.CSafeLoader),
        "ruamel.yaml, as 1.1": ruamel_yaml("1.1"),
        "ruamel.yaml, as 1.2": ruamel_yaml("1.2"),
    }.items():
        try:
            yield name, load(text)
        except Exception as error:  # whatever a parser raises is a difference
            yield name, f"error: {error}"


def expected(profile):
    """What the YAML of a profile holds: what is set, and nothing of the row."""
    of_the_row = {"id", "owner_id", "is_default", "created_at", "updated_at", "warnings", "yaml"}
    shown = {key: value for key, value in profile.items() if key not in of_the_row and value not in (None, [])}
    filters = shown.get("tag_filters")
    if filters:
        shown["tag_filters"] = {key: value for key, value in filters.items() if value}
    return shown


def differences(documents):
    """For each document and the profile it stands for: which parser reads what differently."""
    for (text, profile), node in zip(documents, by_node([text for text, _ in documents]), strict=True):
        wanted, found = expected(profile), []
        for name, read in [*by_python(text), *node.items()]:
            if read != wanted:
                keys = [key for key in wanted if not isinstance(read, dict) or read.get(key) != wanted[key]]
                values = read if not isinstance(read, dict) else [read.get(key) for key in keys]
                found.append(f"{name} reads another {keys}: {values}")
        yield text, found


def profiles():
    everything = {name: TEXTS for name in LISTS}
    yield {"name": "all at once", **everything, "date_range_start": "2026-11-21T00:00:00Z", "transformations": ["redact_pii"]}
    yield {"name": "filters", "tag_filters": {"include_any": TEXTS}, "description": "one\ntwo\n\n  three \u2028 four\n"}
    for text in TEXTS:
        yield {"name": text, "description": text, "tag_expression": {"op": "NOT", "conditions": [{"tag": text}]}}


def main():
    documents = []
    for profile in profiles():
        created = json.loads(request("POST", "/exposure-profiles", profile))
        text = request("GET", f"/exposure-profiles/{created['id']}/yaml", accept="application/yaml")
        documents.append((text, created))
    for text, found in differences(documents):
        if found:
            sys.exit("\n".join([*found, text]))
    print(f"{len(documents)} profiles are read back by PyYAML, ruamel.yaml, js-yaml and yaml")


URL, TOKEN, TOOLS = sys.argv[1:]
main()
