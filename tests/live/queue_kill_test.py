"""A queue under load whose daemon is killed again and again: what was acknowledged arrives, and only what was
under way at that moment may arrive twice."""

import collections
import os
import random
import smtplib
import sys
import threading
import time
import unittest

import harness
from harness import ALICE, BOB, PASSWORD, wait_for
from sink import Sink

KILLS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 5
CONNECTIONS = 4
SETTINGS = """
queue: {{retry_min: 1s, retry_max: 2s}}
outbound: {{connections_per_destination: {connections}}}
relay: [{{host: 127.0.0.1, port: {port}, tls: none}}]
limits: {{free_space: 1MiB, messages_per_minute: 1000000, sends_per_hour: 0, sends_per_day: 0}}
"""


class Sender(threading.Thread):
    """Sends numbered messages to another domain and to a mailbox here, and knows which were acknowledged."""

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.number = number
        self.acknowledged = []
        self.stopping = False

    def run(self):
        count = 0
        while not self.stopping:
            try:
                with smtplib.SMTP("localhost", self.test.server.port(587), timeout=10) as client:
                    client.starttls(context=self.test.tls)
                    client.login(ALICE, PASSWORD)
                    while not self.stopping:
                        count += 1
                        name = f"m{self.number}-{count}"
                        client.sendmail(ALICE, [f"{name}@one.example", f"x{name}@one.example", BOB],
                                        harness.message(name, body="x" * random.choice((10, 10, 5000)) + "\r\n"))
                        self.acknowledged.append(name)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)  # the daemon is coming back


class QueueKill(unittest.TestCase):
    def test_keeps_what_it_acknowledged(self):
        sink = Sink(("127.0.0.1", 0))
        self.addCleanup(sink.close)
        for number in range(0, 4000, 7):
            sink.rules[f"xm0-{number}"] = [b"451 4.7.1 later", None]
        self.server = harness.Server(SETTINGS.format(connections=CONNECTIONS, port=sink.address[1])).start()
        self.addCleanup(self.server.discard)
        self.server.add_accounts()
        self.tls = self.server.tls()
        senders = [Sender(self, number) for number in range(3)]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            before = sum(len(sender.acknowledged) for sender in senders)
            wait_for(lambda: sum(len(s.acknowledged) for s in senders) > before + random.randrange(5, 60),
                     "messages to be acknowledged", 60)
            self.server.kill()
            self.server.start()
        for sender in senders:
            sender.stopping = True
            sender.join(30)
        wait_for(lambda: self.server.command("queue", "list").strip() == "the queue is empty", "an empty queue", 120)
        self.server.stop()
        came = collections.Counter()
        for message in sink.messages:
            for address in message["recipients"]:
                came[address.split("@")[0]] += 1
        acknowledged = [name for sender in senders for name in sender.acknowledged]
        missing = [name for name in acknowledged if not came[name] or not came["x" + name]]
        self.assertEqual(missing, [])
        # Two recipients of each message that was under way, on every connection.
        twice = [name for name, count in came.items() if count > 1]
        self.assertLessEqual(len(twice), KILLS * CONNECTIONS * 2, twice)
        print(f"{len(acknowledged)} acknowledged, {KILLS} kills, {len(twice)} recipients twice")
        self.assertEqual(os.listdir(os.path.join(self.server.data_dir, "queue", "spool", "0")), [])


if __name__ == "__main__":
    harness.main()
