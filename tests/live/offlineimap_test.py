"""offlineimap: two copies of one account, one through TLS and one through STARTTLS, changed on both
sides and synchronised twice."""

import glob
import os
import unittest

import harness
from harness import ALICE, PASSWORD


class OfflineImap(harness.LiveTest):
    def configure(self, name, port, security):
        folder = self.scratch(name)
        path = os.path.join(folder, "offlineimaprc")
        with open(path, "w") as out:
            out.write(f"""
[general]
metadata = {folder}/state
accounts = account
ui = basic

[Account account]
localrepository = near
remoterepository = far
utf8foldernames = yes

[Repository near]
type = Maildir
localfolders = {folder}/mail
sync_deletes = yes

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {self.server.port(port)}
remoteuser = {ALICE}
remotepass = {PASSWORD}
sslcacertfile = {self.server.certificate()}
{security}
""")
        return folder, path

    def sync(self, path):
        said = self.run_client("offlineimap", "-o", "-c", path)
        self.assertNotIn("ERROR", said)
        return said

    def messages(self, folder, mailbox):
        return sorted(glob.glob(f"{folder}/mail/{mailbox}/cur/*") + glob.glob(f"{folder}/mail/{mailbox}/new/*"))

    def put(self, folder, mailbox, subject, flags=""):
        for part in ("cur", "new", "tmp"):
            os.makedirs(f"{folder}/mail/{mailbox}/{part}", exist_ok=True)
        with open(f"{folder}/mail/{mailbox}/cur/{subject}.host:2,{flags}", "w") as out:
            out.write(harness.message(subject).replace("\r\n", "\n"))

    def find(self, folder, mailbox, subject):
        """The flags of the message of that subject, or nothing."""
        for path in self.messages(folder, mailbox):
            with open(path) as message:
                if f"Subject: {subject}\n" in message.read():
                    return path, path.rsplit(":2,", 1)[1] if ":2," in path else ""
        return None, None

    def test_both_ways(self):
        first, first_rc = self.configure("one", 993, "ssl = yes\nstarttls = no")
        second, second_rc = self.configure("two", 143, "ssl = no\nstarttls = yes")
        self.sync(first_rc)
        for mailbox in ("INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"):
            self.assertTrue(os.path.isdir(f"{first}/mail/{mailbox}/cur"), mailbox)
        for number in range(20):
            self.put(first, "INBOX", f"pushed-{number}", "S" if number % 2 else "")
        # It looks for a new folder's parent on both sides, so there is one.
        self.put(first, "Grüße", "parent")
        self.put(first, "Grüße.2026", "umlaut", "F")
        self.sync(first_rc)
        self.assertIn("Grüße/2026", self.server.command("mailbox", "list", ALICE))

        self.sync(second_rc)
        self.assertEqual(len(self.messages(second, "INBOX")), 20)
        self.assertEqual(self.find(second, "INBOX", "pushed-1")[1], "S")
        self.assertEqual(self.find(second, "INBOX", "pushed-2")[1], "")
        self.assertEqual(self.find(second, "Grüße.2026", "umlaut")[1], "F")

        # Both change, and each gets what the other did.
        answered, _ = self.find(second, "INBOX", "pushed-3")
        os.rename(answered, answered.rsplit(":2,", 1)[0] + ":2,RS")
        os.remove(self.find(second, "INBOX", "pushed-4")[0])
        self.put(second, "Sent", "from-the-second", "S")
        os.remove(self.find(first, "INBOX", "pushed-5")[0])
        self.put(first, "INBOX", "from-the-first")
        self.sync(second_rc)
        self.sync(first_rc)
        self.sync(second_rc)
        for folder in (first, second):
            self.assertEqual(self.find(folder, "INBOX", "pushed-3")[1], "RS")
            self.assertIsNone(self.find(folder, "INBOX", "pushed-4")[0])
            self.assertIsNone(self.find(folder, "INBOX", "pushed-5")[0])
            self.assertIsNotNone(self.find(folder, "INBOX", "from-the-first")[0])
            self.assertIsNotNone(self.find(folder, "Sent", "from-the-second")[0])
            self.assertEqual(len(self.messages(folder, "INBOX")), 19)

        # Nothing changed: nothing is done.
        before = self.messages(first, "INBOX")
        said = self.sync(first_rc)
        self.assertNotIn("Copy message", said)
        self.assertNotIn("Deleting", said)
        self.assertEqual(self.messages(first, "INBOX"), before)
        self.assertNotIn("differs", self.server.command("mailbox", "verify", ALICE))


if __name__ == "__main__":
    harness.main(tools=["offlineimap"])
