"""Fails where a manifest sets what no program reads: compares the settings of compose, Kubernetes and systemd with what each
program's `--help` says.

Usage: settings_that_are_read.py PROGRAMS COMPOSE UNITS KUBERNETES...   PROGRAMS: their folder; UNITS: the folder of the units
KUBERNETES: files that kustomize wrote
"""

import pathlib
import re
import subprocess
import sys
import tomllib

import yaml

programs, compose, units, *kubernetes = sys.argv[1:]
ACTIONS = {"ofself": ["serve", "token", "certificates"], "gateway": ["serve"],
           "sharing-svc": ["serve", "migrate"], "exposure-svc": ["serve", "migrate"]}
wrong = []


def text_of_help(program, action):
    said = subprocess.run([f"{programs}/{program}", action, "--help"], capture_output=True, text=True, check=True)
    return re.sub(r"\s+", " ", said.stdout)


def variables(program, action):
    return set(re.findall(r"\[env: ?([A-Z_]+)", text_of_help(program, action)))


def options(program, action):
    return set(re.findall(r"--([a-z][a-z-]+)", text_of_help(program, action)))


def expect(where, program, arguments, names):
    action, *rest = arguments
    if action not in ACTIONS[program]:
        wrong.append(f"{where}: `{program}` has no `{action}`")
        return
    # A migration ignores settings of the service, which share its configuration.
    known = variables(program, action) | (variables(program, "serve") if action == "migrate" else set())
    wrong.extend(f"{where}: `{program} {action}` reads no {name}" for name in names if name not in known)
    given = {argument[2:] for argument in rest if argument.startswith("--")}
    wrong.extend(f"{where}: `{program} {action}` takes no --{name}" for name in given - options(program, action))


def program_of(image):
    return image.split("/")[-1].split(":")[0]


for name, service in yaml.safe_load(pathlib.Path(compose).read_text())["services"].items():
    if service["image"].startswith("ofself/"):
        expect(f"compose {name}", program_of(service["image"]), service.get("command", ["serve"]),
               service.get("environment", {}))

checked = 0
for file in kubernetes:
    objects = list(yaml.safe_load_all(pathlib.Path(file).read_text()))
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    for o in objects:
        if o["kind"] not in ("Deployment", "Job"):
            continue
        for container in o["spec"]["template"]["spec"]["containers"]:
            names = [v["name"] for v in container.get("env", [])]
            for source in container.get("envFrom", []):
                held = maps.get(source["configMapRef"]["name"])
                if held is None:
                    wrong.append(f"{file} {o['metadata']['name']}: no such map {source['configMapRef']['name']}")
                names.extend(held or [])
            expect(f"{file} {o['metadata']['name']}", program_of(container["image"]), container["args"], names)
            checked += 1
assert checked >= 5, "there is hardly anything in these manifests"

for unit in sorted(pathlib.Path(units).glob("*.service")):
    program = unit.stem
    start = re.search(r"^ExecStart=/usr/local/bin/(\S+) (\S+) (.*)$", unit.read_text(), re.M)
    if start is None or start[1] != program:
        wrong.append(f"{unit}: does not start {program}")
        continue
    expect(str(unit), program, [start[2], *start[3].split()], [])
    keys = tomllib.loads((unit.parent / f"{program}.toml").read_text())
    # Each unit gets only its own keys.
    loaded = dict(re.findall(r"^LoadCredential=([^:\n]+):(.+)$", unit.read_text(), re.M))
    own = {f"/etc/ofself/certificates/{name}" for name in (f"{program}.pem", f"{program}.key", "ca.pem")}
    wrong.extend(f"{unit}: loads {source}, which is not its own" for source in loaded.values() if source not in own)
    files = {key: value for key, value in keys.items() if "tls_" in key and isinstance(value, str)}
    shown = {f"/run/credentials/{unit.name}/{name}" for name in loaded}
    wrong.extend(f"{unit.parent}/{program}.toml: {key} is not loaded by the unit" for key, value in files.items()
                 if value not in shown)
    if len(files) != 3 or "SupplementaryGroups=" in unit.read_text():
        wrong.append(f"{unit}: needs its certificate, its key and the authority as credentials, and no group")
    known = options(program, "serve")
    wrong.extend(f"{unit.parent}/{program}.toml: no setting is called {key}" for key in keys
                 if key.replace("_", "-") not in known)

print("\n".join(wrong) or "every setting of the manifests is read", file=sys.stderr if wrong else sys.stdout)
sys.exit(bool(wrong))
