"""A queue full of mail for dead domains: the living get theirs as if it were empty, and a start with it is
no matter of minutes.

    storm_test.py [MESSAGES [DOMAINS]]      20,000 for 500 unless told otherwise
"""

import json
import os
import smtplib
import statistics
import sys
import threading
import time
import unittest

import dns
import harness
from harness import ALICE, PASSWORD, message, wait_for
from sink import Sink

NUMBERS = [int(sys.argv.pop(1)) for _ in range(2) if len(sys.argv) > 1 and sys.argv[1].isdigit()]
MESSAGES = NUMBERS[0] if NUMBERS else 20_000
DEAD = NUMBERS[1] if len(NUMBERS) > 1 else 500
SENDERS = 8
SAMPLES = 20

ZONE = ("alive MX 10 host.alive\nhost.alive A 127.0.0.2\nhost.dead A 127.0.0.9\n"
        + "".join(f"dead{n} MX 10 host.dead\n" for n in range(DEAD)))
SETTINGS = """
queue: {{retry_min: 30s, retry_max: 60s, delay_notice: 24h}}
outbound: {{port: {port}, source_addresses: [127.0.0.7]}}
limits: {{free_space: 1MiB, messages_per_minute: 100000000, sends_per_hour: 0, sends_per_day: 0}}
{dns}
"""


class Storm(unittest.TestCase):
    def setUp(self):
        names = dns.NameServer({"mail.test": ZONE}, signed=["mail.test"])
        self.addCleanup(names.discard)
        names.start()
        self.sink = Sink(("127.0.0.2", 0))
        self.addCleanup(self.sink.close)
        self.server = harness.Server(SETTINGS.format(port=self.sink.address[1], dns=names.settings()))
        self.addCleanup(self.server.discard)
        self.server.start()
        self.server.add_accounts()
        self.tls = self.server.tls()

    def client(self):
        client = smtplib.SMTP_SSL("localhost", self.server.port(465), context=self.tls)
        client.login(ALICE, PASSWORD)
        self.addCleanup(client.close)
        return client

    def fill(self):
        def send(first):
            client = self.client()
            for number in range(first, MESSAGES, SENDERS):
                client.sendmail(ALICE, [f"a@dead{number % DEAD}.mail.test"], message(f"storm-{number}"))
        threads = [threading.Thread(target=send, args=(first,), daemon=True) for first in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def deliveries(self, name):
        """Seconds from acceptance to arrival, of mail for a living domain, one after another."""
        client = self.client()
        seconds = []
        for number in range(SAMPLES):
            before = len(self.sink.messages)
            began = time.monotonic()
            client.sendmail(ALICE, ["a@alive.mail.test"], message(f"{name}-{number}"))
            self.sink.wait(before + 1)
            seconds.append(time.monotonic() - began)
        return seconds

    def test_the_dead_do_not_slow_the_living(self):
        self.deliveries("warm")
        empty = statistics.median(self.deliveries("empty"))
        began = time.monotonic()
        self.fill()
        filled = time.monotonic() - began
        full = self.deliveries("full")
        spool = os.path.join(self.server.data_dir, "queue", "spool")
        waiting = sum(len(files) for _, _, files in os.walk(spool))
        self.server.stop()
        began = time.monotonic()
        self.server.start()
        ready = time.monotonic() - began
        again = self.deliveries("again")
        # Nobody's: a start after the index of the queue was lost.
        self.server.kill()
        for name in os.listdir(os.path.join(self.server.data_dir, "queue")):
            if name.startswith("queue.sqlite"):
                os.remove(os.path.join(self.server.data_dir, "queue", name))
        began = time.monotonic()
        self.server.start()
        rebuilt = time.monotonic() - began
        last = self.deliveries("rebuilt")
        print(f"{MESSAGES} messages for {DEAD} dead domains, {waiting} files in the spool, queued at "
              f"{MESSAGES / filled:.0f}/s; delivery to a living one {empty * 1000:.0f} ms with an empty queue, then "
              f"{statistics.median(full) * 1000:.0f} ms (worst {max(full) * 1000:.0f}); start {ready:.1f} s, then "
              f"{statistics.median(again) * 1000:.0f} ms; start without queue.sqlite {rebuilt:.1f} s, then "
              f"{statistics.median(last) * 1000:.0f} ms ... ", end="", flush=True)
        # Nothing of what waits was lost, and nobody was told that it failed.
        self.assertGreaterEqual(waiting, MESSAGES)
        listed = json.loads(self.server.command("queue", "list", "--json"))
        self.assertTrue(listed)
        # It may be slower, as the machine is; it does not wait for the dead.
        for seconds in (full, again, last):
            self.assertLess(statistics.median(seconds), 2.0)


if __name__ == "__main__":
    harness.main(tools=dns.TOOLS)
