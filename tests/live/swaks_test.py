"""swaks: the whole SMTP conversation of a testing client, on every SMTP port and mechanism."""

import unittest

import harness
from harness import ALICE, BOB, PASSWORD


class Swaks(harness.LiveTest):
    def swaks(self, port, *arguments, status=0):
        return self.run_client("swaks", "--server", f"127.0.0.1:{self.server.port(port)}", "--helo", "client.example",
                               "--timeout", "30", *arguments, status=status)

    def signed_in(self, mechanism):
        return ("--from", ALICE, "--to", BOB, "--auth", mechanism, "--auth-user", ALICE, "--auth-password", PASSWORD)

    def test_delivers_from_outside_on_every_door(self):
        for port in (25, 26, 2025, 2525):
            for tls in ((), ("--tls",)):
                with self.subTest(port=port, tls=tls):
                    self.swaks(port, "--from", "x@sender.example", "--to", BOB, *tls)

    def test_signs_in(self):
        for port, tls in ((25, ()), (25, ("--tls",)), (587, ("--tls",)), (465, ("--tls-on-connect",))):
            for mechanism in ("PLAIN", "LOGIN"):
                with self.subTest(port=port, mechanism=mechanism):
                    out = self.swaks(port, *self.signed_in(mechanism), *tls)
                    self.assertIn(" 235 ", out)

    def test_587_without_tls_is_refused(self):
        self.swaks(587, *self.signed_in("PLAIN"), status=28)  # no way to sign in was offered
        out = self.swaks(587, "--from", ALICE, "--to", BOB, status=23)  # MAIL was refused
        self.assertIn(" 530 ", out)

    def test_somebody_elses_sender_is_refused(self):
        out = self.swaks(465, "--tls-on-connect", "--from", BOB, "--to", BOB, "--auth", "PLAIN", "--auth-user", ALICE,
                         "--auth-password", PASSWORD, status=23)
        self.assertRegex(out, r" 5\d\d 5\.7\.1")

    def test_is_no_open_relay(self):
        for recipient in ("x@elsewhere.example", "x%elsewhere.example@example.test", "@example.test:x@elsewhere.example",
                          "x@elsewhere.example@example.test", '"x@elsewhere.example"@example.test',
                          "elsewhere.example!x", "example.test@elsewhere.example"):
            with self.subTest(recipient=recipient):
                out = self.swaks(25, "--from", "x@sender.example", "--to", recipient, status=24)
                self.assertRegex(out, r"<\*\* 5\d\d ")

    def test_pipelining_and_size(self):
        self.swaks(25, "--from", "x@sender.example", "--to", f"{ALICE},{BOB}", "--pipeline")
        out = self.swaks(25, "--from", "x@sender.example", "--to", BOB, "--quit-after", "EHLO")
        self.assertRegex(out, r"250-SIZE \d+")
        for keyword in ("PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"):
            self.assertIn(keyword, out)


if __name__ == "__main__":
    harness.main(tools=["swaks"])
