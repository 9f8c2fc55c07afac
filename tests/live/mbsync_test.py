"""mbsync: a whole account down to a local Maildir, changes in both directions, and nothing to do
when nothing changed.

Debian's mbsync signs in through Cyrus SASL, which refuses SCRAM keys of more than 65,536 iterations,
fewer than the server makes; so the configuration asks for PLAIN, as its users must."""

import glob
import os
import unittest

import harness
from harness import ALICE, PASSWORD


class Mbsync(harness.LiveTest):
    def configure(self, name, port, tls):
        folder = self.scratch(name)
        path = os.path.join(folder, "mbsyncrc")
        with open(path, "w") as out:
            out.write(f"""
IMAPAccount server
Host localhost
Port {self.server.port(port)}
User {ALICE}
Pass {PASSWORD}
AuthMechs PLAIN
SSLType {tls}
CertificateFile {self.server.certificate()}

IMAPStore far
Account server

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")
        os.makedirs(os.path.join(folder, "mail"), exist_ok=True)
        return folder, path

    def sync(self, path):
        return self.run_client("mbsync", "-V", "-c", path, "all")

    def messages(self, folder, mailbox):
        return sorted(glob.glob(f"{folder}/mail/{mailbox}/cur/*") + glob.glob(f"{folder}/mail/{mailbox}/new/*"))

    def put(self, folder, mailbox, subject):
        path = f"{folder}/mail/{mailbox}/cur/{subject}.host:2,S"
        with open(path, "w") as out:
            out.write(harness.message(subject).replace("\r\n", "\n"))

    def test_both_ways(self):
        first, first_rc = self.configure("one", 993, "IMAPS")
        second, second_rc = self.configure("two", 143, "STARTTLS")
        self.sync(first_rc)
        for mailbox in ("INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"):
            self.assertTrue(os.path.isdir(f"{first}/mail/{mailbox}/cur"), mailbox)
        for number in range(30):
            self.put(first, "INBOX", f"pushed-{number}")
        os.makedirs(f"{first}/mail/Neu &- Alt/cur")
        for part in ("new", "tmp"):
            os.makedirs(f"{first}/mail/Neu &- Alt/{part}")
        self.put(first, "Neu &- Alt", "umlaut")
        self.sync(first_rc)
        self.sync(second_rc)
        self.assertIn("Neu & Alt", self.server.command("mailbox", "list", ALICE))
        self.assertEqual(len(self.messages(second, "INBOX")), 30)
        self.assertEqual(len(self.messages(second, "Neu &- Alt")), 1)
        # A flag and a deletion travel from the second copy through the server to the first.
        flagged, deleted = self.messages(second, "INBOX")[:2]
        os.rename(flagged, flagged.rsplit(":2,", 1)[0] + ":2,FS")
        os.remove(deleted)
        self.sync(second_rc)
        self.sync(first_rc)
        self.assertEqual(len(self.messages(first, "INBOX")), 29)
        self.assertEqual(len([m for m in self.messages(first, "INBOX") if m.endswith(":2,FS")]), 1)
        before = self.messages(first, "INBOX")
        self.sync(first_rc)
        self.assertEqual(self.messages(first, "INBOX"), before)
        verdict = self.server.command("mailbox", "verify", ALICE)
        self.assertNotIn("differs", verdict)


if __name__ == "__main__":
    harness.main(tools=["mbsync"])
