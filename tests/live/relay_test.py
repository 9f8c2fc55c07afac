"""No open relay: every known trick to send through this server to somewhere else, from outside and from
a user who has signed in. Whatever a reply may say: at the end nothing waits in the queue, and nothing
has come to a mailbox that should not."""

import imaplib
import json
import smtplib
import socket
import unittest

import harness
from harness import ALICE, BOB, PASSWORD, message

FAR = "x@far.example"

# What stands in RCPT TO, to look like an address here and be one elsewhere. RFC 5321 sections 3.6.1, 4.1.3,
# appendix C and F.2; the list that relay testers go through.
RECIPIENTS = (
    f"<{FAR}>", FAR, f"<{FAR.upper()}>", f"<{FAR}.>", "<x@[203.0.113.1]>", "<x@[IPv6:2001:db8::1]>", "<x@203.0.113.1>",
    "<x%far.example@example.test>", "<x%far.example@[127.0.0.1]>", "<x%far.example@localhost>", "<x%far.example>",
    "<x%far.example%example.test@example.test>", '<"x%far.example">', '<"x%far.example"@example.test>',
    '<"x@far.example"@example.test>', '<"x@far.example">', '<"x@far.example"@[127.0.0.1]>',
    "<x@far.example@example.test>", "<x@far.example@[127.0.0.1]>", "<x@far.example@localhost>",
    f"<@example.test:{FAR}>", f"<@[127.0.0.1]:{FAR}>", f"<@localhost:{FAR}>", f"<@example.test,@localhost:{FAR}>",
    f"<@far.example:alice@far.example>", "<far.example!x>", "<far.example!x@example.test>", "<far.example!x@[127.0.0.1]>",
    "<example.test!far.example!x>", "<example.test!x@far.example>", "<x@example.test@far.example>",
    "<alice@example.test.far.example>", "<alice@far.example.example.test>", "<x@far.example,alice@example.test>",
    "<alice@example.test,x@far.example>", "<alice@example.test> <x@far.example>", "<alice@example.test>,<x@far.example>",
    "<x@far.example ORCPT=rfc822;alice@example.test>", "<postmaster@far.example>", "<postmaster%far.example>",
    "<=?utf-8?q?x=40far.example?=@example.test>", "<x\\@far.example@example.test>", "<x@far.example\\>",
    "<x@far.example\0@example.test>", "<x@far.example\t@example.test>", "<x@far.example(@example.test)>",
    "<(alice@example.test)x@far.example>", "<x@far.example;alice@example.test>", "<|/bin/sh@example.test>",
    "<../../x@far.example@example.test>", "<x@xn--far.example>", "<>", "<@far.example>", "<@>", "<x@>",
)

SENDERS = ("<x@sender.example>", f"<{ALICE}>", "<>", "<alice@[127.0.0.1]>", "<alice@localhost>", "<postmaster@example.test>",
           "<@example.test:x@sender.example>", "<alice>")

# Three ways to end a message that some servers understand otherwise, and what hides behind them.
SMUGGLERS = (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\r\n\0.\r\n", b"\r\r\n.\r\r\n")


class Raw:
    """A client that says what it likes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.file.readline()
            if not line:
                return 0
            if line[3:4] != b"-":
                return int(line[:3])

    def say(self, text):
        try:
            self.socket.sendall((text if isinstance(text, bytes) else text.encode()) + b"\r\n")
            return self.reply()
        except OSError:
            return 0

    def close(self):
        self.file.close()
        self.socket.close()


class Relay(harness.LiveTest):
    settings = ("queue: {hold: ['*']}\n"
                "limits: {free_space: 1MiB, unknown_recipients_per_minute: 1000000, messages_per_minute: 1000000}\n")

    def setUp(self):
        self.assertEqual(self.waiting(), [])

    def tearDown(self):
        self.assertEqual(self.waiting(), [], "something would have gone out")

    def waiting(self):
        return json.loads(self.server.command("queue", "list", "--json"))

    def connect(self, port=25, hello="EHLO client.example"):
        client = Raw(self.server.port(port))
        self.addCleanup(client.close)
        if hello:
            self.assertEqual(client.say(hello), 250)
        return client

    def finish(self, client):
        """Whoever was let through so far tries to send."""
        code = client.say("DATA")
        if code == 354:
            client.say("Subject: relayed\r\n\r\nx\r\n.")

    def inboxes(self):
        found = {}
        for user in (ALICE, BOB):
            with imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls()) as client:
                client.login(user, PASSWORD)
                found[user] = int(client.select("INBOX", readonly=True)[1][0])
        return found

    def test_recipients_that_look_local(self):
        for sender in SENDERS:
            client = self.connect()
            for recipient in RECIPIENTS:
                with self.subTest(sender=sender, recipient=recipient):
                    # One who errs too often is sent away, and comes again.
                    if client.say(f"MAIL FROM:{sender}") != 250:
                        client = self.connect()
                        if client.say(f"MAIL FROM:{sender}") != 250:
                            break
                    code = client.say(f"RCPT TO:{recipient}")
                    self.assertNotEqual(code // 100, 2)
                    self.finish(client)
                    if client.say("RSET") != 250:
                        client = self.connect()

    def test_every_door(self):
        for port in (25, 26, 2025, 2525, 587):
            for hello in ("EHLO localhost", "EHLO example.test", "EHLO [127.0.0.1]", "HELO localhost"):
                with self.subTest(port=port, hello=hello):
                    client = self.connect(port, hello)
                    client.say(f"MAIL FROM:<{ALICE}>")
                    self.assertNotEqual(client.say(f"RCPT TO:<{FAR}>") // 100, 2)
                    self.finish(client)
                    client.close()

    def test_a_recipient_here_opens_no_door_for_another(self):
        before = self.inboxes()
        client = self.connect()
        client.socket.sendall(b"MAIL FROM:<x@sender.example>\r\nRCPT TO:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n"
                              % (BOB.encode(), FAR.encode()))
        self.assertEqual([client.reply() for _ in range(4)], [250, 250, 550, 354])
        # Fields are no envelope.
        self.assertEqual(client.say(f"To: {BOB}, {FAR}\r\nCc: {FAR}\r\nBcc: {FAR}\r\nResent-To: {FAR}\r\n"
                                    f"Resent-Bcc: {FAR}\r\nErrors-To: {FAR}\r\nReturn-Receipt-To: {FAR}\r\n"
                                    f"Disposition-Notification-To: {FAR}\r\nSubject: fields\r\n\r\nx\r\n."), 250)
        after = self.inboxes()
        self.assertEqual(after[BOB], before[BOB] + 1)
        self.assertEqual(after[ALICE], before[ALICE])

    def test_verbs_that_other_servers_know(self):
        client = self.connect()
        for verb in ("XCLIENT ADDR=127.0.0.1 LOGIN=alice@example.test", "XFORWARD ADDR=127.0.0.1",
                     f"SEND FROM:<{ALICE}>", f"SOML FROM:<{ALICE}>", f"SAML FROM:<{ALICE}>", "TURN",
                     "ETRN far.example", "PROXY TCP4 127.0.0.1 127.0.0.1 1 25", "LHLO localhost"):
            with self.subTest(verb=verb):
                code = client.say(verb)
                if code in (421, 0):
                    client = self.connect()
                self.assertNotEqual(code // 100, 2)
        client = self.connect()
        client.say(f"MAIL FROM:<{ALICE}>")
        self.assertNotEqual(client.say(f"RCPT TO:<{FAR}>") // 100, 2)

    def test_a_sign_in_that_was_none(self):
        for answers in (("AUTH PLAIN =",), ("AUTH PLAIN", "*"), ("AUTH LOGIN", "*"), ("AUTH PLAIN", "AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw=="),
                        ("AUTH PLAIN AABhbGljZUBleGFtcGxlLnRlc3QA",), ("AUTH ANONYMOUS dHJhY2U=",),
                        ("AUTH EXTERNAL YWxpY2VAZXhhbXBsZS50ZXN0",)):
            with self.subTest(answers=answers):
                client = self.connect()
                for answer in answers:
                    self.assertNotEqual(client.say(answer), 235)
                client.say("MAIL FROM:<x@sender.example>")
                self.assertNotEqual(client.say(f"RCPT TO:<{FAR}>") // 100, 2)

    def test_what_a_rewritten_sender_leads_back_to(self):
        for local in ("SRS0=AAAA=AA=far.example=x", "SRS0=aaaa=bb=far.example=x", "SRS0+AAAA=AA=far.example=x",
                      "SRS0-AAAA=AA=far.example=x", "SRS1=AAAA=far.example==AAAA=AA=far.example=x", "SRS0=far.example=x"):
            for sender in ("<>", "<x@sender.example>"):
                with self.subTest(local=local, sender=sender):
                    client = self.connect()
                    client.say(f"MAIL FROM:{sender}")
                    self.assertNotEqual(client.say(f"RCPT TO:<{local}@example.test>") // 100, 2)

    def smuggle(self, client, sender, ending):
        """A second message hides in the first. True when there was but one, or none."""
        hidden = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: hidden\r\n\r\nx" % (ALICE.encode(), BOB.encode())
        client.say(f"MAIL FROM:<{sender}>")
        client.say(f"RCPT TO:<{BOB}>")
        self.assertEqual(client.say("DATA"), 354)
        client.socket.sendall(b"From: <" + sender.encode() + b">\r\nSubject: outer\r\n\r\nx" + ending + hidden + b"\r\n.\r\n")
        client.reply()
        # Were there two, the replies to the hidden commands would come now: 250, 250, 354.
        return client.say("HELP") == 214

    def test_a_message_hides_no_other(self):
        for ending in SMUGGLERS:
            with self.subTest(ending=ending):
                before = self.inboxes()
                self.assertTrue(self.smuggle(self.connect(), "x@sender.example", ending))
                self.assertLessEqual(self.inboxes()[BOB], before[BOB] + 1)

    # From a user who has signed in.

    def signed_in(self):
        client = smtplib.SMTP("localhost", self.server.port(587), timeout=60)
        client.starttls(context=self.server.tls())
        client.login(ALICE, PASSWORD)
        self.addCleanup(client.close)
        return client

    def test_a_user_sends_as_nobody_else(self):
        client = self.signed_in()
        for sender in (BOB, FAR, "postmaster@far.example", "alice@far.example", "alice@example.test@far.example",
                       "bob+alice@example.test", '"alice@example.test"@far.example', "@example.test:bob@example.test",
                       "alice@example.test.far.example", "alice", "postmaster@bob.example.test", "SRS0=AAAA=AA=far.example=x@example.test"):
            with self.subTest(sender=sender):
                self.assertNotEqual(client.mail(sender)[0] // 100, 2)
                client.rset()

    def test_a_user_writes_as_nobody_else(self):
        alice = f"From: {ALICE}\r\n"
        for header in (f"From: {BOB}\r\n", f"From: {FAR}\r\n", f"From: Bob <{BOB}>\r\n", f"from:{BOB}\r\n", f"From : {BOB}\r\n",
                       f"From:\r\n {BOB}\r\n", f"From: {ALICE}, {BOB}\r\n", f"From: {ALICE}\r\nFrom: {BOB}\r\n",
                       f"From: {BOB}\r\nFrom: {ALICE}\r\n", f"From: ({ALICE}) {BOB}\r\n", f"From: {BOB} ({ALICE})\r\n",
                       f"From: team: {BOB};\r\n", f"From: <@example.test:{BOB}>\r\n", "From: undisclosed:;\r\n", "From: nobody\r\n",
                       "From:\r\n", f"From: \"{ALICE}\"@far.example\r\n", f"From: =?utf-8?q?alice?= <{BOB}>\r\n", f"From: <{ALICE}> <{BOB}>\r\n",
                       f"From: {ALICE}\0, {BOB}\r\n", alice + f"Sender: {BOB}\r\n", alice + f"Sender: {FAR}\r\n",
                       alice + f"Sender: {ALICE}\r\nSender: {BOB}\r\n"):
            with self.subTest(header=header):
                client = self.signed_in()
                client.mail(ALICE)
                client.rcpt(FAR)
                code, _ = client.data((header + "Subject: as another\r\n\r\nx\r\n").encode())
                self.assertNotEqual(code // 100, 2)

    def test_a_users_message_hides_no_other(self):
        for ending in SMUGGLERS:
            with self.subTest(ending=ending):
                before = self.inboxes()
                client = self.signed_in()
                client.mail(ALICE)
                client.rcpt(BOB)
                self.assertEqual(client.docmd("DATA")[0], 354)
                client.sock.sendall(b"From: " + ALICE.encode() + b"\r\nSubject: outer\r\n\r\nx" + ending
                                    + b"MAIL FROM:<" + ALICE.encode() + b">\r\nRCPT TO:<" + FAR.encode()
                                    + b">\r\nDATA\r\nFrom: " + BOB.encode() + b"\r\n\r\nx\r\n.\r\n")
                client.getreply()
                self.assertEqual(client.docmd("HELP")[0], 214)
                self.assertLessEqual(self.inboxes()[BOB], before[BOB] + 1)

    def test_a_user_who_is_barred_sends_nothing_more(self):
        client = self.signed_in()
        client.mail(ALICE)
        client.rcpt(BOB)
        self.server.command("account", "disable", ALICE)
        self.addCleanup(self.server.command, "account", "enable", ALICE)
        try:
            code, _ = client.data(message("too late").encode())
        except (smtplib.SMTPException, OSError):
            code = 0
        self.assertNotEqual(code // 100, 2)


if __name__ == "__main__":
    harness.main()
