"""Holds every query of the dashboard and of the rules against a Prometheus that scrapes what runs: each must find something, and of
the rules each part by itself. Which statuses there are is read where they are written.

Usage: queries.py PROMETHEUS_URL      within deploy/observability
"""

import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

prometheus = sys.argv[1]
# Label values that exist only after an error; a healthy installation does not have them.
STATUSES = {
    "rpc_response_status_code": set(re.findall(r'=> "([A-Z_]+)"', pathlib.Path("../../crates/grpc-server/src/calls.rs").read_text())),
    "http_response_status_code": {"500", "503"},
}

# Functions with names like metrics.
FUNCTIONS = {"histogram_quantile", "min_over_time"}


def ask(expression):
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{expression}: {json.load(error)['error']}")
    except urllib.error.URLError:
        # It has not started yet.
        return []


def selectors(expression):
    """The parts of an expression that read a metric: its name, and what is asked of its labels."""
    bare = re.sub(r"\b(?:by|on)\s*\([^)]*\)", " ", expression)
    for name, labels in re.findall(r"([a-z][a-z0-9_:]*)(\{[^}]*\})?", bare):
        if ("_" in name or ":" in name or name == "up") and name not in FUNCTIONS:
            yield name, labels


def split(labels):
    """What is asked of statuses, and what is asked of other labels."""
    asked = re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', labels)
    return [one for one in asked if one[0] in STATUSES], [one for one in asked if one[0] not in STATUSES]


dashboard = json.loads(pathlib.Path("dashboard.json").read_text())
wanted = {}
for panel in dashboard["panels"]:
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
        wanted[f"{panel['title']} {target['refId']}"] = expression
asked_of_statuses = []
rules = [rule for group in yaml.safe_load(pathlib.Path("rules.yaml").read_text())["groups"] for rule in group["rules"]]
for rule in rules:
    if "record" in rule:
        wanted[rule["record"]] = re.sub(r"\[\d+[mh]\]", "[30s]", rule["expr"])
    for name, labels in selectors(rule["expr"]):
        statuses, others = split(labels)
        part = name + "{" + ",".join(f'{label}{sign}"{value}"' for label, sign, value in others) + "}"
        wanted[f"{rule.get('alert', rule.get('record'))} {part}"] = part
        asked_of_statuses.extend((rule, *status) for status in statuses)

for variable in dashboard["templating"]["list"]:
    if variable["type"] == "query":
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()
        wanted[f"the variable {variable['name']}"] = f'{metric}{{{label}!=""}}'

runbook = pathlib.Path("../../docs/runbook.md").read_text()
faults = [f"{rule['alert']} has no line in the runbook" for rule in rules if "alert" in rule
          and (f"## {rule['alert']}\n" not in runbook or not rule["annotations"]["runbook"].endswith(f"#{rule['alert'].lower()}"))]

for rule, label, sign, value in asked_of_statuses:
    name = rule.get("alert", rule.get("record"))
    for one in value.split("|") if sign == "=~" else [value]:
        if not any(re.fullmatch(one, known) for known in STATUSES[label]):
            faults.append(f"{name} looks for {one}, which no {label} is")

jobs = {config["job_name"] for file in ("prometheus.yaml", "prometheus-kubernetes.yaml")
        for config in yaml.safe_load(pathlib.Path(file).read_text())["scrape_configs"]}
faults.extend(f"{rule['alert']} looks at another job than is scraped" for rule in rules
              if set(re.findall(r'job="([^"]*)"', rule["expr"])) - jobs)

collector = yaml.safe_load(pathlib.Path("collector.yaml").read_text())
for pipeline in collector["service"]["pipelines"].values():
    for kind, used in pipeline.items():
        faults.extend(f"the collector has no {kind} {name}" for name in used if name not in collector[kind])

# A metric is found after two scrapes and one evaluation of the rules.
end = time.monotonic() + 60
empty = dict(wanted)
while empty and time.monotonic() < end:
    empty = {where: expression for where, expression in empty.items() if not ask(expression)}
    time.sleep(1)
faults.extend(f"{where}: finds nothing: {expression}" for where, expression in empty.items())
if faults:
    sys.exit("\n".join(faults))
print(f"{len(wanted)} queries of the dashboard and the rules find something; every alert has its line in the runbook")
