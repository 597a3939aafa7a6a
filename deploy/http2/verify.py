"""Runs h2spec against servers and compares what fails with known-failures.toml.

Usage: verify.py H2SPEC NAME=HOST:PORT/PATH...
"""

import collections
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree

# A case that races with the response passes in some runs. One that fails in all runs fails always.
RUNS = 4
BARE = {"sharing": "tonic", "exposure": "tonic", "gateway": "axum"}


def run(h2spec, address, sections=()):
    """Runs h2spec once; returns all its cases and those that failed, as `http2/5.1.2/1: what is sent`."""
    place, path = address.split("/", 1)
    host, port = place.rsplit(":", 1)
    with tempfile.NamedTemporaryFile() as report:
        command = [h2spec, "-h", host, "-p", port, "-P", f"/{path}", "-j", report.name, *sections]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        suites = ElementTree.parse(report.name).getroot()
    cases, failed = [], set()
    for suite in suites:
        for number, case in enumerate(suite, start=1):
            name = f"{suite.get('package')}/{number}: {case.get('classname')}"
            cases.append(name)
            if case.find("error") is not None or case.find("failure") is not None:
                failed.add(name)
    return cases, failed


def failures(h2spec, name, address):
    """How often each case failed in RUNS runs; a case that passed once in the first run is not tried again."""
    cases, failed = run(h2spec, address)
    if len(cases) < 140:
        sys.exit(f"{name}: h2spec ran {len(cases)} cases only")
    counts = collections.Counter(failed)
    sections = sorted({case.rsplit("/", 1)[0] for case in failed})
    for _ in range(RUNS - 1 if failed else 0):
        counts.update(run(h2spec, address, sections)[1] & failed)
    print(f"{name}: {len(cases)} cases, {len(failed)} failed in the first of {RUNS} runs")
    return counts


def main(h2spec, *servers):
    known = tomllib.loads((pathlib.Path(__file__).parent / "known-failures.toml").read_text())["failure"]
    names, addresses = zip(*(server.split("=", 1) for server in servers))
    # Most of the time is spent waiting for timeouts.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = dict(zip(names, pool.map(lambda name, address: failures(h2spec, name, address), names, addresses)))
    faults = []
    for name, counts in found.items():
        listed = {f"{entry['case']}: {entry['name']}": entry["is"] for entry in known if name in entry["of"]}
        for case, count in counts.items():
            if case not in listed and count == RUNS:
                faults.append(f"{name} fails {case}")
            elif case not in listed:
                print(f"{name} fails {case} in {count} of {RUNS} runs: a race that is not listed")
        for case, kind in listed.items():
            if kind == "always" and counts[case] < RUNS:
                faults.append(f"{name} passes {case}, which is listed as failing always")
            if kind == "always" and name in BARE and found[BARE[name]][case] < RUNS:
                faults.append(f"{name} fails {case}, and a bare {BARE[name]} server does not")
    if any(not entry["reason"] for entry in known):
        faults.append("a known failure has no reason")
    if faults:
        sys.exit("\n".join(faults))
    print(f"nothing fails but the {len(known)} known cases")


main(*sys.argv[1:])
