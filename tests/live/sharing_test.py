"""Mailboxes that others may use: given by the command line, used by IMAP, gone with the account."""

import imaplib
import unittest

import harness
from harness import ALICE, BOB, PASSWORD

NEWS = "Shared/News"
PROJECTS = f'"Users/{ALICE}/Projects"'


class Sharing(harness.LiveTest):
    def sign_in(self, user):
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls())
        client.login(user, PASSWORD)
        self.addCleanup(client.shutdown)
        return client

    def names(self, client, pattern):
        _, lines = client.list('""', pattern)
        return [line.decode().rsplit('"/" ', 1)[1].strip('"') for line in lines if line]

    def test_a_domains_mailboxes(self):
        self.server.command("mailbox", "create", "@example.test", "News")
        self.assertEqual(self.server.command("mailbox", "rights", "@example.test", "News").strip(),
                         "nobody but its owner")
        bob = self.sign_in(BOB)
        self.assertEqual(self.names(bob, "Shared/*"), [])
        self.server.command("mailbox", "rights", "@example.test", "News", "anyone", "lrs")
        self.assertEqual(self.names(bob, "Shared/*"), [NEWS])
        self.assertEqual(bob.append(NEWS, None, None, harness.message("refused").encode())[0], "NO")

        # An administrator, by IMAP; and only as long as he is one.
        self.server.command("account", "admin", ALICE, "on")
        alice = self.sign_in(ALICE)
        self.assertEqual(alice.append(NEWS, None, None, harness.message("news").encode())[0], "OK")
        self.assertEqual(bob.select(NEWS), ("OK", [b"1"]))
        self.assertEqual(alice.create("Shared/More")[0], "OK")
        self.assertEqual(alice.setquota(BOB, "(STORAGE 100000)")[0], "OK")
        self.assertIn("102400000", self.server.command("account", "show", BOB))
        self.assertIn("News", self.server.command("mailbox", "list", "@example.test"))
        self.server.command("account", "admin", ALICE, "off")
        with self.assertRaises(imaplib.IMAP4.abort):
            alice.noop()
        alice = self.sign_in(ALICE)
        self.assertEqual(alice.create("Shared/Another")[0], "NO")
        self.server.command("mailbox", "remove", "@example.test", "News")
        with self.assertRaises(imaplib.IMAP4.abort):
            bob.noop()

    def test_another_users_mailbox(self):
        alice, bob = self.sign_in(ALICE), self.sign_in(BOB)
        alice.create("Projects")
        alice.append("Projects", None, None, harness.message("plans").encode())
        self.assertEqual(bob.select(PROJECTS)[0], "NO")
        self.assertEqual(alice.setacl("Projects", BOB, "lrs")[0], "OK")
        self.assertIn(BOB, self.server.command("mailbox", "rights", ALICE, "Projects"))
        self.assertEqual(bob.select(PROJECTS), ("OK", [b"1"]))
        self.assertEqual(bob.store("1", "+FLAGS", r"(\Seen)")[0], "OK")
        self.assertEqual(bob.store("1", "+FLAGS", r"(\Deleted)")[0], "NO")
        self.assertEqual(bob.copy("1", "INBOX")[0], "OK")

        # What the command line takes away is gone from a session that is open.
        self.server.command("mailbox", "rights", ALICE, "Projects", BOB, "none")
        with self.assertRaises(imaplib.IMAP4.abort):
            bob.noop()

        # Who gets the address next gets no more than that.
        self.server.command("mailbox", "rights", ALICE, "Projects", BOB, "lr")
        self.server.command("account", "remove", BOB)
        self.assertNotIn(BOB, self.server.command("mailbox", "rights", ALICE, "Projects"))
        self.server.command("account", "add", BOB, "--password-stdin", text=PASSWORD + "\n")
        bob = self.sign_in(BOB)
        self.assertEqual(bob.select(PROJECTS)[0], "NO")

    def test_mistakes_are_said(self):
        def said(*arguments):
            done = self.server.command(*arguments, check=False)
            self.assertNotEqual(done.returncode, 0)
            return done.stderr

        self.assertIn("no mailbox", said("mailbox", "rights", ALICE, "Missing"))
        self.assertIn("neither an address nor anyone", said("mailbox", "rights", ALICE, "INBOX", "bob", "lr"))
        self.assertIn("lrswipkxtea", said("mailbox", "rights", ALICE, "INBOX", BOB, "LR"))
        self.assertIn("lrswipkxtea", said("mailbox", "rights", ALICE, "INBOX", BOB))
        self.assertIn("owner", said("mailbox", "rights", ALICE, "INBOX", ALICE, "lr"))
        self.assertIn("no such domain", said("mailbox", "list", "@elsewhere.test"))
        self.assertIn("already", said("mailbox", "create", ALICE, "Sent"))
        self.assertIn("neither on nor off", said("account", "admin", ALICE, "maybe"))


if __name__ == "__main__":
    harness.main()
