"""curl: sends by SMTP, reads by IMAP and POP3, over TLS from the first byte and STARTTLS."""

import os
import unittest

import harness
from harness import ALICE, BOB, PASSWORD


class Curl(harness.LiveTest):
    def curl(self, *arguments, user=BOB, status=0):
        return self.run_client("curl", "-sS", "--cacert", self.server.certificate(), "--max-time", "30",
                               "--user", f"{user}:{PASSWORD}", *arguments, status=status)

    def send(self, url, subject, *options):
        path = os.path.join(self.scratch("curl"), subject)
        with open(path, "w", newline="") as out:
            out.write(harness.message(subject))
        self.curl(url, "--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", path, *options, user=ALICE)

    def test_sends_and_reads(self):
        s = self.server
        self.send(f"smtps://localhost:{s.port(465)}/client.example", "curl-465")
        self.send(f"smtp://localhost:{s.port(587)}/client.example", "curl-587", "--ssl-reqd")
        self.send(f"smtp://localhost:{s.port(25)}/client.example", "curl-25")
        for url, options in ((f"imaps://localhost:{s.port(993)}", ()),
                             (f"imap://localhost:{s.port(143)}", ("--ssl-reqd",))):
            found = self.curl(f"{url}/INBOX?SUBJECT%20curl-", *options)
            self.assertRegex(found, r"\* SEARCH 1 2 3")
            self.assertIn("Subject: curl-465", self.curl(f"{url}/INBOX;MAILINDEX=1", *options))
        for url, options in ((f"pop3s://localhost:{s.port(995)}", ()),
                             (f"pop3://localhost:{s.port(995)}", ("--ssl-reqd",)),
                             (f"pop3://localhost:{s.port(110)}", ("--ssl-reqd",))):
            self.assertEqual(len(self.curl(f"{url}/", *options).splitlines()), 3)
            text = self.curl(f"{url}/2", *options)
            self.assertIn("Subject: curl-587", text)
            self.assertIn("\n.A line with a dot.", text)

    def test_uploads_by_imap(self):
        path = os.path.join(self.scratch("curl"), "upload")
        with open(path, "w", newline="") as out:
            out.write(harness.message("uploaded"))
        url = f"imaps://localhost:{self.server.port(993)}"
        self.curl(f"{url}/Drafts", "--upload-file", path, user=ALICE)
        self.assertIn("Subject: uploaded", self.curl(f"{url}/Drafts;MAILINDEX=1", user=ALICE))

    def test_mechanisms(self):
        url = f"imaps://localhost:{self.server.port(993)}/"
        for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
            with self.subTest(mechanism=mechanism):
                features = self.run_client("curl", "--version")
                if mechanism.startswith("SCRAM") and "gsasl" not in features.lower():
                    continue
                self.assertIn("INBOX", self.curl(url, "--login-options", f"AUTH={mechanism}"))

    def test_wrong_password_is_a_login_error(self):
        self.run_client("curl", "-sS", "--cacert", self.server.certificate(), "--user", f"{BOB}:wrong-2",
                        f"imaps://localhost:{self.server.port(993)}/", status=67)


if __name__ == "__main__":
    harness.main(tools=["curl"])
