"""Mail that leaves: from a signed-in user through the queue to other servers, and what comes back."""

import email
import imaplib
import json
import os
import smtplib
import subprocess
import unittest

import harness
from harness import ALICE, PASSWORD, message, wait_for
from sink import Sink

SETTINGS = """
log: {{level: debug}}
queue: {{retry_min: 1s, retry_max: 2s, delay_notice: 3s, lifetime: 20s}}
relay:
  - {{host: 127.0.0.1, port: {one}, tls: none, domains: [one.example]}}
  - {{host: 127.0.0.1, port: {two}, tls: none, domains: [two.example]}}
  - {{host: 127.0.0.1, port: {closed}, tls: none, domains: [closed.example]}}
limits: {{free_space: 1MiB, messages_per_minute: 100000}}
"""


class Outbound(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.one = Sink(("127.0.0.1", 0))
        cls.two = Sink(("127.0.0.1", 0), extensions=())
        closed = Sink(("127.0.0.1", 0))
        closed.close()
        cls.closed = closed.address
        cls.settings = SETTINGS.format(one=cls.one.address[1], two=cls.two.address[1],
                                       closed=cls.closed[1])
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.one.close()
        cls.two.close()

    def send(self, to, text, options=(), rcpt_options=()):
        with smtplib.SMTP("localhost", self.server.port(587)) as client:
            client.starttls(context=self.server.tls())
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, to, text, mail_options=options, rcpt_options=rcpt_options)

    def taken(self, sink, subject, seconds=30):
        """The messages of that subject which the sink has taken, once there is one."""
        find = lambda: [m for m in list(sink.messages) if f"Subject: {subject}\r\n".encode() in m["data"]]
        return wait_for(find, f"{subject} at the sink", seconds)

    def reports(self, subject, kind, seconds=30):
        """The delivery reports in the inbox that are about that subject."""
        def find():
            with imaplib.IMAP4("localhost", self.server.port(143)) as client:
                client.starttls(self.server.tls())
                client.login(ALICE, PASSWORD)
                client.select("INBOX", readonly=True)
                found = []
                for number in client.search(None, "ALL")[1][0].split():
                    text = client.fetch(number, "(BODY.PEEK[])")[1][0][1]
                    if f"Subject: {subject}\r\n".encode() in text and f"Action: {kind}".encode() in text:
                        found.append(email.message_from_bytes(text))
                return found
        return wait_for(find, f"a report that {subject} is {kind}", seconds)

    def queue(self):
        return json.loads(self.server.command("queue", "list", "--json"))

    def test_takes_the_message_as_it_was_sent(self):
        body = ".dot\r\n..two\r\ncaf\u00e9\r\n" + "x" * 900 + "\r\n"
        for sink, to in ((self.one, "carol@one.example"), (self.two, "dave@two.example")):
            text = message("as-it-was", to=to, body=body if sink is self.one else ".dot\r\n..two\r\n")
            self.send([to], text.encode())
            taken = self.taken(sink, "as-it-was")[0]
            self.assertEqual(taken["sender"], ALICE)
            self.assertEqual(taken["recipients"], [to])
            self.assertTrue(taken["data"].startswith(b"DKIM-Signature: "), taken["data"][:200])
            self.assertTrue(taken["data"].endswith(text.encode()[text.index("From:"):]))
            self.assertNotIn(b"Return-Path", taken["data"])
        wait_for(lambda: not self.queue(), "an empty queue")

    def test_one_transaction_for_all_recipients_of_a_domain(self):
        self.send(["a@one.example", "b@one.example", "c@one.example"], message("together"))
        taken = self.taken(self.one, "together")
        self.assertEqual([m["recipients"] for m in taken], [["a@one.example", "b@one.example", "c@one.example"]])

    def test_tells_the_sender_of_a_refusal(self):
        self.one.rules["gone"] = [b"550 5.1.1 no such user here"]
        self.send(["gone@one.example", "ok@one.example"], message("refused"))
        self.taken(self.one, "refused")
        report = self.reports("refused", "failed")[0]
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report["Return-Path"], "<>")
        human, status, original = report.get_payload()
        self.assertIn("There is no such address", human.get_payload())
        self.assertIn("550 5.1.1 no such user here", human.get_payload())
        fields = status.get_payload()[1]
        self.assertEqual(fields["Final-Recipient"], "rfc822; gone@one.example")
        self.assertEqual(fields["Status"], "5.1.1")
        self.assertEqual(fields["Diagnostic-Code"], "smtp; 550 5.1.1 no such user here")
        self.assertIn("Subject: refused", original.as_string())
        self.assertNotIn("ok@one.example", human.get_payload() + status.as_string())

    def test_comes_again_after_a_temporary_refusal(self):
        self.one.rules["busy"] = [b"451 4.7.1 later", b"451 4.7.1 later", None]
        self.send(["busy@one.example", "free@one.example"], message("again"))
        found = lambda: [m["recipients"] for m in self.taken(self.one, "again")]
        wait_for(lambda: len(found()) == 2, "both recipients")
        self.assertEqual(found(), [["free@one.example"], ["busy@one.example"]])
        wait_for(lambda: not self.queue(), "an empty queue")

    def test_does_not_send_twice_what_was_taken(self):
        self.one.data_rules["lost"] = [b"drop", None]
        self.send(["lost@one.example"], message("lost"))
        self.assertEqual(len(self.taken(self.one, "lost")), 1)

    def test_tells_of_delay_and_of_the_end(self):
        self.send(["x@closed.example"], message("unreachable"))
        self.assertIn("has not been delivered yet",
                      self.reports("unreachable", "delayed")[0].get_payload()[0].get_payload())
        listed = [each for each in self.queue() if "relay:127.0.0.1:%d" % self.closed[1] in each["destinations"]]
        self.assertEqual(len(listed), 1)
        shown = json.loads(self.server.command("queue", "show", listed[0]["id"], "--json"))
        self.assertIn("Connection refused", shown["recipients"][0]["reply"])
        report = self.reports("unreachable", "failed", 60)[0]
        self.assertEqual(report.get_payload()[1].get_payload()[1]["Status"], "5.4.7")
        self.assertEqual(len(self.reports("unreachable", "delayed")), 1)
        wait_for(lambda: not self.queue(), "an empty queue")

    def test_carries_what_the_sender_wants_to_be_told(self):
        self.send(["yes@one.example"], message("dsn"), options=["RET=HDRS", "ENVID=QQ+2B1"],
                  rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@one.example"])
        commands = self.taken(self.one, "dsn")[0]["commands"]
        self.assertIn("RET=HDRS ENVID=QQ+2B1", commands[0])
        self.assertIn("NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@one.example", commands[1])
        # This one cannot report, so we do.
        self.send(["yes@two.example"], message("relayed"), options=["ENVID=QQ+2B1"], rcpt_options=["NOTIFY=SUCCESS"])
        report = self.reports("relayed", "relayed")[0]
        self.assertEqual(report.get_payload()[1].get_payload()[0]["Original-Envelope-Id"], "QQ+1")

    def test_confirms_what_is_delivered_here(self):
        self.send([harness.BOB], message("here"), options=["ENVID=here"], rcpt_options=["NOTIFY=SUCCESS"])
        self.reports("here", "delivered")

    def test_never_tells_of_what_should_not_be_told(self):
        self.one.rules["never"] = [b"550 5.1.1 no"]
        self.send(["never@one.example"], message("silence"), rcpt_options=["NOTIFY=NEVER"])
        wait_for(lambda: "failed id=" in self.server.log() and "never@one.example" in self.server.log(), "the failure")
        self.send(["never@one.example"], message("loud"))
        self.reports("loud", "failed")
        with self.assertRaises(harness.Failure):
            self.reports("silence", "failed", seconds=0.2)

    def test_a_relay_wants_a_proof_and_a_password(self):
        folder = self.scratch("relay")
        certificate = os.path.join(folder, "chain.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", certificate, "-out", f"{folder}/ca.pem"], check=True, capture_output=True)
        with open(certificate, "a") as chain, open(f"{folder}/ca.pem") as ca:
            chain.write(ca.read())
        with open(f"{folder}/password", "w") as out:
            out.write("open-sesame\n")
        for path in (self.server.folder, folder):
            os.chmod(path, 0o755)
        relay = Sink(("127.0.0.1", 0), certificate=certificate, users={"waxwing": "open-sesame"})
        stranger = Sink(("127.0.0.1", 0), extensions=("PIPELINING",))
        self.addCleanup(relay.close)
        self.addCleanup(stranger.close)
        settings = f"""
log: {{level: debug}}
queue: {{retry_min: 1s, retry_max: 1s}}
outbound: {{ca_file: {folder}/ca.pem}}
relay:
  - {{host: localhost, port: {relay.address[1]}, user: waxwing, password_file: {folder}/password, domains: [good.example]}}
  - {{host: localhost, port: {stranger.address[1]}, tls: starttls, domains: [clear.example]}}
"""
        server = harness.Server(settings).start()
        self.addCleanup(server.discard)
        server.add_accounts()
        own, self.server = self.server, server
        try:
            self.send(["a@good.example"], message("relayed"))
            taken = self.taken(relay, "relayed")[0]
            self.assertTrue(taken["tls"])
            self.assertEqual(relay.signed_in, [("waxwing", True)])
            self.send(["a@clear.example"], message("secret"))
            wait_for(lambda: "the server offers no TLS" in server.log(), "the refusal of clear text")
            self.assertEqual(stranger.messages, [])
            self.assertNotIn("open-sesame", server.log())
            server.stop()
        finally:
            self.server = own

    def test_traces_what_was_decided(self):
        self.one.rules["seek"] = [b"451 4.7.1 later", b"550 5.1.1 gone for good"]
        self.send(["seek@one.example"], message("seek"))
        self.reports("seek", "failed")
        def told():
            done = self.server.command("trace", "<seek@example.test>", check=False)
            return done.stdout if "the sender is told" in done.stdout else None
        lines = wait_for(told, "the trace").splitlines()
        for line, text in zip(lines, ("accepted from 127.0.0.1", "451 4.7.1 later; next try in", "550 5.1.1 gone for good")):
            self.assertIn(text, line)
        self.assertEqual(len({line.split()[1] for line in lines}), 1)
        self.assertIn("seek", self.server.command("trace", "seek@one.example"))

    def test_holds_and_lets_go(self):
        self.one.rules["held"] = [b"451 4.7.1 later", None]
        self.send(["held@one.example"], message("held"))
        listed = wait_for(lambda: [e for e in self.queue() if not e["next"].startswith("s")], "the first refusal")
        self.assertIn("held", self.server.command("queue", "hold", listed[0]["id"]))
        self.assertEqual(self.queue()[0]["next"], "held")
        self.server.command("queue", "retry", listed[0]["id"])
        self.taken(self.one, "held")

    def test_a_stop_loses_and_repeats_nothing(self):
        for number in range(60):
            self.send([f"s{number}@one.example"], message(f"stop-{number}"))
        self.server.stop()
        self.server.start()
        for number in range(60):
            self.taken(self.one, f"stop-{number}")
        wait_for(lambda: not self.queue(), "an empty queue")
        for number in range(60):
            self.assertEqual(len(self.taken(self.one, f"stop-{number}")), 1, number)


if __name__ == "__main__":
    harness.main()
