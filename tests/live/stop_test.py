"""SIGTERM while messages come in: they come to their end, whoever sent them is told that they are here, and they are."""

import imaplib
import signal
import socket

import harness
from harness import ALICE, BOB, PASSWORD

TEXT = b"Subject: %s\r\n\r\nHalf of it.\r\n"


class Talk:
    def __init__(self, port):
        self.socket = socket.create_connection(("localhost", port), 30)
        self.replies = self.socket.makefile("rb")
        self.line()

    def send(self, text):
        self.socket.sendall(text)

    def line(self):
        return self.replies.readline().decode().rstrip()

    def ask(self, text):
        self.send(text + b"\r\n")
        return self.line()

    def rest(self):
        return self.replies.read().decode()


class Stop(harness.LiveTest):
    def bring_half(self, subject):
        smtp = Talk(self.server.port(25))
        self.assertTrue(smtp.ask(b"HELO there").startswith("250"))
        self.assertTrue(smtp.ask(b"MAIL FROM:<someone@example.net>").startswith("250"))
        self.assertTrue(smtp.ask(b"RCPT TO:<" + BOB.encode() + b">").startswith("250"))
        self.assertTrue(smtp.ask(b"DATA").startswith("354"))
        smtp.send(TEXT % subject)
        return smtp

    def test_messages_that_come_in_are_finished(self):
        smtp = self.bring_half(b"by SMTP")
        imap = Talk(self.server.port(143))
        self.assertTrue(imap.ask(b"a LOGIN %s %s" % (ALICE.encode(), PASSWORD.encode())).startswith("a OK"))
        text = TEXT % b"by IMAP" + b"The rest.\r\n"
        self.assertTrue(imap.ask(b"b APPEND INBOX {%d}" % len(text)).startswith("+"))
        imap.send(text[:20])
        idle = Talk(self.server.port(25))
        self.server.process.send_signal(signal.SIGTERM)
        # Who brings nothing is sent away at once, and others are not let in.
        self.assertTrue(idle.rest().startswith("421 4.3.2"))
        smtp.send(b"The rest.\r\n.\r\n")
        imap.send(text[20:] + b"\r\nc NOOP\r\n")
        answers = smtp.rest().splitlines()
        self.assertTrue(answers[0].startswith("250 2.0.0"), answers)
        self.assertTrue(answers[1].startswith("421 4.3.2"), answers)
        answers = imap.rest()
        self.assertIn("b OK [APPENDUID", answers)
        self.assertIn("* BYE", answers)
        self.server.process.wait(timeout=30)
        self.server.stop()
        self.server.start()
        for user, subject in ((BOB, "by SMTP"), (ALICE, "by IMAP")):
            client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls(), timeout=30)
            client.login(user, PASSWORD)
            client.select("INBOX")
            _, found = client.search(None, "SUBJECT", f'"{subject}"', "BODY", '"The rest"')
            self.assertEqual(len(found[0].split()), 1, subject)
            client.logout()


if __name__ == "__main__":
    harness.main()
