"""Another service: opens a ticket for every deadline that was breached.

It needs no interface of duban's own. The ledger is a stream on the broker, and a
durable consumer is a bookmark in it that the broker keeps: a service that was away for
a week gets what it missed, in order, and each entry until it says that it is done.

    pip install -r requirements.txt
    python tickets.py --nats nats://127.0.0.1:4222 --create
    python tickets.py --nats nats://127.0.0.1:4222 --tickets tickets.json

Where the broker has users, the operator makes the bookmark, and so decides what the
service gets to read; the service, a user made from a token, reads on at it:

    duban token create tickets --role reader --tenant changqing && duban credentials …
    python tickets.py --create --bookmark changqing_reader-tickets \\
        --key operator.nk --inbox _INBOX_engine
    python tickets.py --bookmark changqing_reader-tickets \\
        --key changqing.reader-tickets.nk --inbox _INBOX_changqing_reader-tickets

An entry may come twice (the service died after it opened the ticket and before it said
so), so a ticket bears the entry's place on the ledger, and no place has two.
"""

import argparse
import asyncio
import json
import os

import nats
from nats.errors import TimeoutError as NothingCame
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

TENANT = "changqing"
STREAM = f"DUBAN_{TENANT.upper()}_LEDGER"


class Tickets:
    """A ticket system, of which a file is enough to show the point."""

    def __init__(self, path):
        self.path = path
        self.by_place = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.by_place = json.load(file)

    def open(self, place, breach):
        """Opens a ticket unless there is one for this place; says whether it did."""
        if str(place) in self.by_place:
            return False
        self.by_place[str(place)] = {
            "unit": breach["unit"],
            "case": breach["subject"],
            "clock": breach["data"]["clock"],
            "due": breach["data"]["dueAt"],
        }
        # Whole or not at all, and on disk before the broker is told.
        beside = f"{self.path}.new"
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(self.by_place, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        return True


async def create(connection, arguments):
    """Puts the bookmark at the beginning of the ledger, unless it is there already."""
    bookmark = ConsumerConfig(
        durable_name=arguments.bookmark,
        filter_subject=f"duban.{TENANT}.ledger.deadline.breached.>",
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        # What nobody has said is done comes again after so many seconds.
        ack_wait=arguments.again_after,
    )
    await connection.jetstream().add_consumer(STREAM, bookmark)


async def main(arguments):
    options = {}
    if arguments.key:
        with open(arguments.key, encoding="ascii") as file:
            options["nkeys_seed_str"] = file.read().strip()
        options["inbox_prefix"] = arguments.inbox
    connection = await nats.connect(arguments.nats, **options)
    if arguments.create:
        await create(connection, arguments)
    else:
        await work(connection, arguments)
    await connection.close()


async def work(connection, arguments):
    """Opens tickets, for as long as there are breaches or for ever."""
    breaches = await connection.jetstream().pull_subscribe_bind(arguments.bookmark, STREAM)
    tickets, opened, again = Tickets(arguments.tickets), 0, 0
    while True:
        try:
            messages = await breaches.fetch(50, timeout=arguments.idle)
        except NothingCame:
            if arguments.until_idle:
                break
            continue
        for message in messages:
            if tickets.open(message.metadata.sequence.stream, json.loads(message.data)):
                opened += 1
            else:
                again += 1
            if opened == arguments.die_after:
                # As if the power went: the ticket is there, the broker does not know.
                os._exit(70)
            await message.ack_sync()
    print(json.dumps({"opened": opened, "again": again, "tickets": len(tickets.by_place)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nats", default="nats://127.0.0.1:4222")
    parser.add_argument("--tickets", default="tickets.json", help="where the tickets are kept")
    parser.add_argument("--create", action="store_true", help="make the bookmark, and no more")
    parser.add_argument("--bookmark", default="tickets", help="the consumer's name")
    parser.add_argument("--key", help="the user's .nk file")
    parser.add_argument("--inbox", help="the user's inbox")
    parser.add_argument("--again-after", type=float, default=60, help="seconds to finish a ticket in")
    parser.add_argument("--idle", type=float, default=5, help="seconds to wait for the next breach")
    parser.add_argument("--until-idle", action="store_true", help="end when none comes")
    parser.add_argument("--die-after", type=int, help="die after so many tickets, to try it")
    asyncio.run(main(parser.parse_args()))
