"""Runs every command of documents, looks for what they say that it prints, and follows every link within the project.

Usage: run.py DOCUMENT...   within deploy/with-ofself

Commands are the lines of ```console blocks that begin with `$ `; the lines below one must be found in what it prints, in their
order. Programs and addresses of the documents are those of the `ofself` that runs. A command that something else runs
(`ELSEWHERE`) must stand there, word for word.
"""

import os
import pathlib
import re
import subprocess
import sys

ADDRESSES = {
    "http://127.0.0.1:8080": os.environ["REST_URL"],
    "127.0.0.1:8080": os.environ["REST_URL"].removeprefix("http://"),
    "http://127.0.0.1:9090": os.environ["ADMIN_URL"],
    "127.0.0.1:50051": os.environ["SHARING"],
    "127.0.0.1:50052": os.environ["EXPOSURE"],
    "./data": os.environ["DATA_DIR"],
}
# Commands that another check runs, and where it is named.
ELSEWHERE = {
    "cargo test --workspace": (".ci/run", "cargo test --workspace"),
    ".ci/run": (".ci/run", "#!/usr/bin/env bash"),
    "cargo build --release --workspace": ("deploy/container/build", "cargo build --release"),
    "DATABASE_URL=postgres://user:password@host/database deploy/processes/run": ("deploy/processes/verify", "deploy/processes/run"),
}
BINARIES = pathlib.Path(os.environ["OFSELF"]).parent
# The settings that the documents leave at their defaults.
PROGRAMS = {
    "PATH": f"{BINARIES}:{os.environ['PATH']}",
    "LISTEN": ADDRESSES["127.0.0.1:8080"],
    "SHARING_LISTEN": os.environ["SHARING"],
    "EXPOSURE_LISTEN": os.environ["EXPOSURE"],
    "SHARING_URL": f"http://{os.environ['SHARING']}",
    "EXPOSURE_URL": f"http://{os.environ['EXPOSURE']}",
}
# A command that does not end runs on a terminal and on free ports, and is stopped when it reports readiness.
SERVED = r"""
LISTEN=127.0.0.1:0 SHARING_LISTEN=127.0.0.1:0 EXPOSURE_LISTEN=127.0.0.1:0 ADMIN_LISTEN=127.0.0.1:0 \\
    script --quiet --flush --return --command 'exec cargo run --quiet --locked{options}' "$DATA_DIR/said" </dev/null >/dev/null &
until grep -q '^Another token' "$DATA_DIR/said" 2>/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
pkill -TERM -P $!; wait $!; code=$?; tr -d '\r' <"$DATA_DIR/said"; (exit $code)
"""
REPLACED = [
    (r"^cargo run$", SERVED.replace("{options}", "")),
    (r"^cargo run -- serve --demo$", SERVED.replace("{options}", " -- serve --demo --data-dir \"$DATA_DIR/demo\"")),
    (r"cargo run -q ", "cargo run -q --locked "),
    (r"target/(release|debug)/", ""),
]
NUMBERS = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{4,}\b|eyJ[\w.…-]*|\b\d+ at most")


def blocks(text):
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            elif command and command.endswith("\\"):
                command = command[:-1].rstrip() + " " + line.strip()
            elif line.strip():
                expected.append(line)
        if command:
            yield command, expected


def plain(line):
    return " ".join(NUMBERS.sub("#", line).split())


def here(text):
    for there, address in ADDRESSES.items():
        text = text.replace(there, address)
    return text


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links():
    """Links within the project that lead nowhere."""
    tracked = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout.split()
    for document in map(pathlib.Path, tracked):
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            if "://" in link:
                continue
            path, _, part = link.partition("#")
            target = document.parent / path if path else document
            if not target.exists():
                yield f"{document}: there is no {link}"
            elif part and part not in map(anchor, re.findall(r"^#+ (.*)$", target.read_text(), re.M)):
                yield f"{document}: {path} has no part #{part}"


def main(documents):
    faults, ran = list(dead_links()), 0
    for document in documents:
        shell = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | PROGRAMS,
        )
        for command, expected in blocks(pathlib.Path(document).read_text()):
            if command in ELSEWHERE:
                place, words = ELSEWHERE[command]
                if words not in pathlib.Path(place).read_text():
                    faults.append(f"{document}: `{command}` is not run by {place}")
                continue
            runs = command
            for pattern, by in REPLACED:
                runs = re.sub(pattern, by, runs)
            shell.stdin.write(f"{here(runs)}\ncode=$?; echo; echo \"exit code $code\"; echo 'that was it'\n")
            shell.stdin.flush()
            printed = []
            for line in shell.stdout:
                if line == "that was it\n":
                    break
                printed.append(line)
            ran += 1
            wants_failure = any(line.startswith("exit code") for line in expected)
            said = "".join(printed)
            if not wants_failure and "exit code 0" not in printed[-1]:
                faults.append(f"{document}: `{command}` fails:\n{said}")
            rest = plain(said)
            for line in expected:
                wanted = plain(here(line)).rstrip("…").strip()
                at = rest.find(wanted)
                if at < 0:
                    faults.append(f"{document}: `{command}` does not print `{line}`, but:\n{said}")
                    break
                rest = rest[at + len(wanted):]
        shell.stdin.close()
        shell.wait()
    if faults:
        sys.exit("\n".join(faults))
    print(f"{ran} commands of {len(documents)} documents do what is said of them")


main(sys.argv[1:])
