"""Runs Presidio's pattern recognizers over the corpora of `redact_pii`: quality as our test counts it, and bytes a second.

    python3 -m venv /tmp/presidio && /tmp/presidio/bin/pip install presidio-analyzer
    /tmp/presidio/bin/python conformance/presidio.py
"""

import pathlib
import re
import time

from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UsSsnRecognizer,
)

CASES = pathlib.Path(__file__).parents[2] / "exposure-svc/tests/cases"
RECOGNIZERS = {
    "EMAIL": EmailRecognizer(),
    "PHONE": PhoneRecognizer(supported_regions=("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "BR", "PT", "PL", "JP")),
    "CARD": CreditCardRecognizer(),
    "IBAN": IbanRecognizer(),
    "IP_ADDRESS": IpRecognizer(),
    "SSN": UsSsnRecognizer(),
}
MARK = re.compile("⟦([A-Z_]+)\\|(.*?)⟧")


def read(marked: str) -> tuple[str, set[tuple[str, int, int]]]:
    text, found, rest = "", set(), marked
    while mark := MARK.search(rest):
        text += rest[: mark.start()]
        found.add((mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        rest = rest[mark.end() :]
    return text + rest, found


def find(text: str) -> set[tuple[str, int, int]]:
    """What it finds; of two that overlap the surer one, as its own engine has it."""
    results = [
        (result.score, result.end - result.start, kind, result.start, result.end)
        for kind, recognizer in RECOGNIZERS.items()
        for result in recognizer.analyze(text, recognizer.supported_entities, None)
    ]
    kept: list[tuple[str, int, int]] = []
    for _, _, kind, start, end in sorted(results, reverse=True):
        if all(end <= other[1] or start >= other[2] for other in kept):
            kept.append((kind, start, end))
    return set(kept)


for name in ["pii_corpus.tsv", "pii_held_out.tsv"]:
    lines = (CASES / name).read_text().splitlines()
    items = [read(line.split("\t", 1)[1]) for line in lines if not line.startswith("#")]
    for text, _ in items[:20]:
        find(text)
    began = time.perf_counter()
    found = [find(text) for text, _ in items]
    took = time.perf_counter() - began
    size = sum(len(text.encode()) for text, _ in items)
    print(f"{name:20} precision recall  of     {size / took / 1e6:.3f} MB/s")
    for kind in [*RECOGNIZERS, "all"]:
        of_kind = lambda results: {result for result in results if kind in (result[0], "all")}
        right = sum(len(of_kind(ours) & of_kind(theirs)) for ours, (_, theirs) in zip(found, items))
        seen = sum(len(of_kind(ours)) for ours in found)
        there = sum(len(of_kind(theirs)) for _, theirs in items)
        print(f"{kind:20}     {right / max(seen, 1):.3f}  {right / there:.3f} {there:4}")
