"""A department's system on the broker: states a fact, waits for what becomes of it,
and asks questions.

    pip install -r requirements.txt
    python over_nats.py --nats nats://127.0.0.1:4222 --unit qu-fagaiju --number P-1

With users on the broker (`duban credentials`), --key is the .nk file of the unit.
"""

import argparse
import asyncio
import json
import uuid

import nats
from nats.errors import NoRespondersError

TENANT = "changqing"


class Problem(Exception):
    """What duban says instead of an answer: an RFC 9457 document."""

    def __init__(self, document):
        super().__init__(f"{document['rule']}: {document['detail']}")
        self.document = document


async def connect(arguments):
    """The broker lets a user hear its own inbox only, so the client must use that one."""
    options = {}
    if arguments.key:
        with open(arguments.key, encoding="ascii") as file:
            options["nkeys_seed_str"] = file.read().strip()
        options["inbox_prefix"] = f"_INBOX_{TENANT}_{arguments.unit}"
    return await nats.connect(arguments.nats, **options)


async def discover(connection):
    """Every service on NATS tells what it is and where it is asked; no address is
    written down here. A tenant has one instance for each engine that runs."""
    answer = await connection.request("$SRV.INFO.duban", timeout=10)
    info = json.loads(answer.data)
    assert info["metadata"]["tenant"] == TENANT, info
    return {endpoint["name"]: endpoint["subject"] for endpoint in info["endpoints"]}


async def ask(connection, subject, asker, **parameters):
    """Asks as `asker`, which stands where the subject has a star; the parameters are
    those of the HTTP address."""
    subject = subject.replace("*", asker)
    try:
        answer = await connection.request(subject, json.dumps(parameters).encode(), timeout=30)
    except NoRespondersError:
        raise SystemExit("no engine runs; a fact would still be kept, a question is not")
    body = json.loads(answer.data)
    # An error is told by a header, as with all services on NATS.
    if answer.headers and "Nats-Service-Error-Code" in answer.headers:
        raise Problem(body)
    return body


async def state(connection, unit, kind, data):
    """Publishes a fact as a CloudEvent. The acknowledgement means that it is on disk,
    whether an engine runs or not; it gives the fact's place in the intake.

    Publishing again with the same source and id is always safe: a repeat is recognised
    for ever.
    """
    fact = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/{TENANT}/{unit}",
        "type": kind,
        "actor": unit,
        "data": data,
    }
    stored = await connection.jetstream().publish(
        f"duban.{TENANT}.intake.{unit}.{kind}",
        json.dumps(fact).encode(),
        headers={"content-type": "application/cloudevents+json"},
        timeout=10,
    )
    return stored.seq


async def outcome(ledger, place):
    """What the fact at this place caused: each entry of the ledger says which one it
    comes from. The first one says whether the fact was taken or refused."""
    entries = []
    async for message in ledger.messages:
        entry = json.loads(message.data)
        if int(entry["cause"]) == place:
            entries.append(entry)
            if entry["type"] in ("event.refused", "deadline.set"):
                return entries
    raise SystemExit("the connection was closed")


async def seen(entry, question):
    """An answer that knows of an entry. The ledger is heard a moment before questions
    see it; each answer says as of which entry it holds."""
    while (answer := await question())["asOf"]["ledgerSeq"] < int(entry["id"]):
        await asyncio.sleep(0.05)
    return answer


async def main(arguments):
    connection = await connect(arguments)
    endpoints = await discover(connection)
    # Listen first, then speak: nothing can be missed in between.
    ledger = await connection.subscribe(f"duban.{TENANT}.ledger.*.*.{arguments.unit}")
    await connection.flush()

    decision = {
        "unit": arguments.unit,
        "decisionNumber": arguments.number,
        "category": "penalty",
        "decidedOn": "2026-03-02",
    }
    place = await state(connection, arguments.unit, "decision.made", decision)
    entries = await asyncio.wait_for(outcome(ledger, place), 60)

    question = {"workflow": "double-publicity", "limit": 100}
    overdue = await seen(
        entries[-1], lambda: ask(connection, endpoints["overdue"], arguments.unit, **question)
    )
    case = await ask(connection, endpoints["case"], arguments.unit, id=f"double-publicity/{arguments.number}")
    try:
        await ask(connection, endpoints["case"], arguments.unit, id="double-publicity/none")
        raise SystemExit("there is no such case")
    except Problem as problem:
        missing = problem.document["rule"]

    print(json.dumps({
        "outcome": entries[0]["type"],
        "overdue": [row["case"] for row in overdue["rows"]],
        "case": case["case"],
        "due": case["deadlines"][0]["due"]["zh"],
        "light": case["deadlines"][0]["light"],
        "missing": missing,
    }, ensure_ascii=False))
    await connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nats", default="nats://127.0.0.1:4222")
    parser.add_argument("--unit", required=True)
    parser.add_argument("--number", required=True, help="the number of the decision")
    parser.add_argument("--key", help="the unit's .nk file")
    asyncio.run(main(parser.parse_args()))
