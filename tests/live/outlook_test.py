"""What Outlook needs over more than one protocol, or more than one start of the server. What one
conversation can show is in tests/transcripts/*/client-outlook-*.txt."""

import base64
import email
import imaplib
import poplib
import smtplib
import socket
import ssl
import unittest

import harness
from harness import ALICE, BOB, PASSWORD


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


class Outlook(harness.LiveTest):
    def from_the_phone(self, subject):
        """A message as Outlook for Android sends it: AUTH LOGIN with initial response, no Message-ID, no Date."""
        with smtplib.SMTP("localhost", self.server.port(587), local_hostname="[10.152.8.44]", timeout=30) as client:
            client.starttls(context=self.server.tls())
            client.ehlo()
            self.assertEqual(client.docmd("AUTH", "LOGIN " + base64_of(ALICE)), (334, b"UGFzc3dvcmQ6"))
            self.assertEqual(client.docmd(base64_of(PASSWORD))[0], 235)
            client.sendmail(ALICE, [BOB], f"From: Alice <{ALICE}>\r\nTo: <{BOB}>\r\nSubject: {subject}\r\n\r\ntext\r\n")

    def pop(self):
        client = poplib.POP3_SSL("localhost", self.server.port(995), context=self.server.tls(), timeout=30)
        client.user(BOB)
        client.pass_(PASSWORD)
        return client

    def uidls(self):
        client = self.pop()
        found = [line.split()[1] for line in client.uidl()[1]]
        client.quit()
        return found

    def test_submission_adds_message_id_and_date(self):
        self.from_the_phone("phone")
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls(), timeout=30)
        client.login(BOB, PASSWORD)
        client.select("INBOX")
        (number,) = client.search(None, "SUBJECT", "phone")[1][0].split()
        header = email.message_from_bytes(client.fetch(number.decode(), "(BODY.PEEK[HEADER])")[1][0][1])
        client.logout()
        self.assertRegex(header["Message-ID"], r"^<[^<>@ ]+@[^<>@ ]+>$")
        self.assertIsNotNone(email.utils.parsedate_to_datetime(header["Date"]))

    def test_uidls_outlive_the_server(self):
        for subject in ("kept", "deleted", "kept too"):
            self.from_the_phone(subject)
        before = self.uidls()
        client = self.pop()
        client.dele(len(before) - 1)
        client.quit()
        self.server.stop()
        self.server.start()
        self.assertEqual(self.uidls(), before[:-2] + before[-1:])

    def test_a_client_that_names_no_host_gets_the_certificate_for_it(self):
        context = self.server.tls()
        context.check_hostname = False  # else Python would want a name, and send it
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        for port in (465, 993, 995):
            with self.subTest(port=port):
                plain = socket.create_connection(("127.0.0.1", self.server.port(port)), timeout=30)
                with context.wrap_socket(plain) as client:
                    names = client.getpeercert()["subjectAltName"]
                    self.assertIn(("DNS", "localhost"), names)


if __name__ == "__main__":
    harness.main()
