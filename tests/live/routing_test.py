"""Where mail goes: other servers found by a real name server, and what becomes of mail when they, or it, fail."""

import imaplib
import os
import smtplib
import time
import unittest

import dns
import harness
from harness import ALICE, PASSWORD, message, wait_for
from sink import Sink

DEAD = 200  # domains whose server does not answer

ZONE = """
two      MX 10 first.two
two      MX 20 second.two
first.two  A 127.0.0.9
second.two A 127.0.0.2
implicit A 127.0.0.2
null     MX 0 .
nowhere  TXT "no mail"
lost     MX 10 gone.lost
six      MX 10 host.six
host.six AAAA ::2
host.six A 127.0.0.2
good     MX 10 second.two
""" + "".join(f"dead{n} MX 10 host.dead\n" for n in range(DEAD)) + """
host.dead A 127.0.0.9
"""

SETTINGS = """
log: {{level: debug}}
queue: {{retry_min: 2s, retry_max: 4s, delay_notice: 1h}}
outbound: {{port: {port}, source_addresses: [127.0.0.7]}}
limits: {{free_space: 1MiB, messages_per_minute: 1000000, sends_per_hour: 0, sends_per_day: 0}}
{dns}
"""


class Routing(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.names = dns.NameServer({"mail.test": ZONE}, signed=["mail.test"])
        cls.addClassCleanup(cls.names.discard)
        cls.names.start()
        cls.sink = Sink(("127.0.0.2", 0))
        cls.addClassCleanup(cls.sink.close)
        cls.settings = SETTINGS.format(port=cls.sink.address[1], dns=cls.names.settings())
        super().setUpClass()

    def client(self):
        client = smtplib.SMTP("localhost", self.server.port(587))
        client.starttls(context=self.server.tls())
        client.login(ALICE, PASSWORD)
        self.addCleanup(client.close)
        return client

    def send(self, to, subject):
        self.client().sendmail(ALICE, to, message(subject))

    def arrived(self, subject, seconds=30):
        find = lambda: [m for m in list(self.sink.messages) if f"Subject: {subject}\r\n".encode() in m["data"]]
        return wait_for(find, f"{subject} at the sink", seconds)

    def report(self, subject):
        def find():
            with imaplib.IMAP4("localhost", self.server.port(143)) as client:
                client.starttls(self.server.tls())
                client.login(ALICE, PASSWORD)
                client.select("INBOX", readonly=True)
                for number in client.search(None, "TEXT", f'"Subject: {subject}"')[1][0].split():
                    return client.fetch(number, "(BODY.PEEK[])")[1][0][1].decode()
        return wait_for(find, f"a report about {subject}")

    def test_tries_the_next_server_when_the_first_is_down(self):
        self.send(["a@two.mail.test"], "next")
        self.arrived("next")

    def test_a_domain_without_mx_takes_its_own_mail(self):
        self.send(["a@implicit.mail.test"], "implicit")
        self.assertEqual(self.arrived("implicit")[0]["peer"], "127.0.0.7")

    def test_ipv6_that_is_unreachable_is_passed_by(self):
        self.send(["a@six.mail.test"], "six")
        self.arrived("six")

    def test_says_why_mail_can_never_be_delivered(self):
        for domain, status, words in (("null", "5.1.10", "takes no mail"), ("unknown", "5.1.2", "no such domain"),
                                      ("lost", "5.4.4", "do not exist")):
            self.send([f"a@{domain}.mail.test"], f"never-{domain}")
            text = self.report(f"never-{domain}")
            self.assertIn(f"Status: {status}\r\n", text)
            self.assertIn(words, text.replace("\r\n", " "))
            self.assertNotIn("Diagnostic-Code", text)

    def test_trouble_of_the_name_server_returns_no_mail(self):
        self.names.stop()
        # Nothing of this name is cached.
        self.send(["a@good.mail.test"], "patience")
        wait_for(lambda: "destination-down destination=good.mail.test" in self.server.log(), "the first failure", 60)
        self.names.start()
        self.arrived("patience", 60)

    def test_the_dead_do_not_hold_up_the_living(self):
        client = self.client()
        for number in range(DEAD):
            for _ in range(5):
                client.sendmail(ALICE, [f"a@dead{number}.mail.test"], message(f"dead-{number}"))
        began = time.monotonic()
        self.send(["a@implicit.mail.test"], "alive")
        self.arrived("alive")
        print(f"{DEAD * 5} messages for {DEAD} dead domains; one for a living in {time.monotonic() - began:.2f} s ... ",
              end="", flush=True)
        self.server.command("queue", "hold", "all")


if __name__ == "__main__":
    harness.main(tools=dns.TOOLS)
