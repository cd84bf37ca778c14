"""A department's system over HTTP, with Python's own library only: states a fact and
waits for its outcome, asks questions, follows the ledger and goes on after a break.

    DUBAN_TOKEN=duban_… python over_http.py --http http://127.0.0.1:8310 \\
        --unit qu-fagaiju --number P-1
"""

import argparse
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid

TENANT = "changqing"


class Problem(Exception):
    """What duban says instead of an answer: an RFC 9457 document."""

    def __init__(self, document):
        super().__init__(f"{document['rule']}: {document['detail']}")
        self.document = document


class Duban:
    """One tenant of a duban server."""

    def __init__(self, server, token):
        self.base = f"{server}/v1/{TENANT}/"
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def open(self, path, parameters=None, body=None, headers=None):
        query = urllib.parse.urlencode(parameters or {})
        address = self.base + urllib.parse.quote(path) + (f"?{query}" if query else "")
        request = urllib.request.Request(address, data=body, headers={**self.headers, **(headers or {})})
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            raise Problem(json.load(error)) from error

    def ask(self, path, **parameters):
        with self.open(path, parameters) as answer:
            return json.load(answer)

    def state(self, unit, kind, data):
        """States a fact and waits until it is decided. A refusal is raised as a problem
        that names rule, field and value. Sending again with the same id is safe."""
        fact = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/{TENANT}/{unit}",
            "type": kind,
            "actor": unit,
            "data": data,
        }
        headers = {"content-type": "application/cloudevents+json"}
        with self.open("events", {"wait": "20s"}, json.dumps(fact).encode(), headers) as answer:
            return json.load(answer)["events"][0]

    def follow(self, after):
        """The ledger's entries after a place, as server-sent events. An event's id is
        its place: whoever was cut off goes on after the last one it has handled."""
        with self.open("stream", headers={"last-event-id": str(after)}) as stream:
            place = None
            for line in stream:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    place = int(value)
                elif name == "data":
                    yield place, json.loads(value)


def main(arguments):
    duban = Duban(arguments.http, os.environ.get("DUBAN_TOKEN"))
    decision = {
        "unit": arguments.unit,
        "decisionNumber": arguments.number,
        "category": "penalty",
        "decidedOn": "2026-03-02",
    }
    before = duban.ask("status")["ledgerSeq"]
    stated = duban.state(arguments.unit, "decision.made", decision)

    # Reads one entry of the case, hangs up, and goes on where it was: none is missed and
    # none comes twice.
    case_id, seen, last = stated["case"], [], before
    while "deadline.set" not in seen:
        for last, entry in duban.follow(last):
            if entry.get("subject") == case_id:
                seen.append(entry["type"])
                break

    overdue = duban.ask("overdue", workflow="double-publicity", limit=100)
    case = duban.ask(f"cases/{case_id}")
    try:
        duban.ask("cases/double-publicity/none")
        raise SystemExit("there is no such case")
    except Problem as problem:
        missing = problem.document["rule"]

    print(json.dumps({
        "outcome": seen[0],
        "overdue": [row["case"] for row in overdue["rows"]],
        "case": case["case"],
        "due": case["deadlines"][0]["due"]["zh"],
        "light": case["deadlines"][0]["light"],
        "missing": missing,
        "followed": seen,
    }, ensure_ascii=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", default="http://127.0.0.1:8310")
    parser.add_argument("--unit", required=True)
    parser.add_argument("--number", required=True, help="the number of the decision")
    main(parser.parse_args())
