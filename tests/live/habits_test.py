"""How accounts want their mail treated, set by the command line: copies in Sent, what is removed from
Trash, how much may be sent; and another name of a domain."""

import imaplib
import json
import re
import smtplib
import unittest

import harness
from harness import ALICE, BOB, PASSWORD


class Habits(harness.LiveTest):
    settings = "limits: {free_space: 1MiB, sends_per_hour: 3}\n"

    def imap(self, user=ALICE):
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls())
        client.login(user, PASSWORD)
        self.addCleanup(client.shutdown)
        return client

    def submit(self, to, text, sender=ALICE):
        with smtplib.SMTP_SSL("localhost", self.server.port(465), context=self.server.tls()) as client:
            client.login(ALICE, PASSWORD)
            client.sendmail(sender, to, text)

    def test_sent_mail_is_kept_once(self):
        self.server.command("account", "save-sent", ALICE, "on")
        text = harness.message("kept once").replace("Subject:", f"Bcc: {BOB}\r\nSubject:")
        self.submit([BOB], text)
        alice = self.imap()
        self.assertEqual(alice.select("Sent"), ("OK", [b"1"]))
        status, lines = alice.append("Sent", r"(\Seen \Answered)", None, text.encode())
        self.assertEqual(status, "OK")
        self.assertRegex(lines[0].decode(), r"\[APPENDUID \d+ 1\]")
        self.assertEqual(alice.select("Sent"), ("OK", [b"1"]))
        _, found = alice.fetch("1", "(FLAGS BODY.PEEK[HEADER.FIELDS (BCC)])")
        self.assertIn(BOB.encode(), found[0][1])
        self.assertIn(rb"\Answered", found[0][0])
        # Something else, or the same a second time, is what the user says it is.
        alice.append("Sent", None, None, text.replace("kept once", "another").encode())
        alice.append("Sent", None, None, text.encode())
        self.assertEqual(alice.select("Sent"), ("OK", [b"3"]))
        # A copy that has gone since is no copy.
        self.submit([BOB], text)
        alice.select("Sent")
        alice.store("4", "+FLAGS", r"(\Deleted)")
        alice.expunge()
        status, lines = alice.append("Sent", None, None, text.encode())
        self.assertRegex(lines[0].decode(), r"\[APPENDUID \d+ 5\]")
        self.server.command("account", "save-sent", ALICE, "off")
        self.submit([BOB], text)
        self.assertEqual(alice.select("Sent"), ("OK", [b"4"]))

    def test_trash_empties_itself(self):
        alice = self.imap()
        alice.append("Trash", None, None, harness.message("old").encode())
        out = self.server.command("account", "clean", ALICE, "--trash", "30", "--junk", "7", "--now")
        self.assertIn("0 messages", out)
        self.assertRegex(self.server.command("account", "show", ALICE), "trash is emptied +after 30 days")
        self.assertEqual(alice.select("Trash"), ("OK", [b"1"]))
        self.server.command("account", "clean", ALICE, "--trash", "never")
        shown = json.loads(self.server.command("account", "show", ALICE, "--json"))
        self.assertEqual((shown["trash_days"], shown["junk_days"]), (0, 7))

    def test_nobody_sends_more_than_he_may(self):
        self.server.command("account", "limits", ALICE, "--hour", "2")
        self.submit(["x@far.example", BOB, "y@far.example"], harness.message("two"))
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.submit(["z@far.example"], harness.message("three"))
        code, text = refused.exception.recipients["z@far.example"]
        self.assertEqual(code, 450)
        self.assertRegex(text.decode(), r"4\.7\.1 Sending limit reached: 2 recipients on other servers in an hour; "
                                        r"there is room again at \d{4}-")
        self.submit([BOB], harness.message("at home"))
        # What the configuration holds is shown as held, not as about to be tried.
        listed = json.loads(self.server.command("queue", "list", "--json"))
        self.assertEqual({each["next"] for each in listed}, {"held"})
        # It counts over a restart, too.
        self.server.stop()
        self.server.start()
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.submit(["z@far.example"], harness.message("three"))
        self.server.command("account", "limits", ALICE, "--hour", "default")
        self.submit(["z@far.example"], harness.message("three"))
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.submit(["z@far.example"], harness.message("four"))
        self.assertIn(b"3 recipients", refused.exception.recipients["z@far.example"][1])
        self.server.command("account", "limits", ALICE, "--hour", "none")
        self.submit(["z@far.example"], harness.message("four"))

    def test_another_name_of_a_domain(self):
        self.server.command("domain", "add", "other.test", "--alias-of", "example.test")
        self.assertIn("other.test -> example.test", self.server.command("domain", "list"))
        with smtplib.SMTP("localhost", self.server.port(25)) as client:
            client.sendmail("x@sender.example", ["alice@other.test"], harness.message("by another name"))
        alice = self.imap()
        _, count = alice.select("INBOX")
        _, found = alice.fetch(count[0], "(BODY.PEEK[HEADER])")
        self.assertRegex(found[0][1].decode(), r"(?m)^Delivered-To: alice@other\.test")
        text = re.sub("From: .*", "From: alice@other.test", harness.message("as another"))
        self.submit([BOB], text, sender="alice@other.test")
        self.assertIn("another name of example.test",
                      self.server.command("alias", "add", "x@other.test", ALICE, check=False).stderr)


if __name__ == "__main__":
    harness.main()
