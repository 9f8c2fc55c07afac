"""A backup taken while mail comes in, restored into an empty data directory: every message that was
there before the backup is there under its old UID, and the server goes on with it."""

import imaplib
import os
import shutil
import smtplib
import subprocess
import unittest

import harness
import kill_test
from harness import ALICE, BOB, PASSWORD

BACKUP = os.path.join(harness.SOURCE, "systemd", "waxwing-backup")


class Backup(unittest.TestCase):
    def state(self, server, account):
        client = imaplib.IMAP4("127.0.0.1", server.port(143), timeout=60)
        client.login(account, PASSWORD)
        client.select("INBOX")
        state = int(client.response("UIDVALIDITY")[1][0]), kill_test.subjects_of(client)
        client.logout()
        return state

    def send(self, server, subject):
        with smtplib.SMTP("127.0.0.1", server.port(25), timeout=60) as client:
            client.sendmail("s@sender.example", [ALICE, BOB], harness.message(subject, "s@sender.example"))

    def test_restores_what_was_there(self):
        server = harness.Server().start()
        self.addCleanup(server.discard)
        server.add_accounts()
        for number in range(20):
            self.send(server, f"before-{number}")
        before = {account: self.state(server, account) for account in (ALICE, BOB)}
        target = os.path.join(server.folder, "backup")
        ledger = kill_test.Ledger()
        storm = [kill_test.Sender(server, ledger, 1), kill_test.Reader(server, ledger, 2, BOB)]
        for client in storm:
            client.start()
        harness.wait_for(lambda: len(ledger.acknowledged) > 10, "the storm")
        for _ in range(2):
            subprocess.run([BACKUP, server.data_dir, target], check=True)
        server.kill()
        for client in storm:
            client.join(timeout=60)

        restored = harness.Server()
        self.addCleanup(restored.discard)
        shutil.copytree(target, restored.data_dir, dirs_exist_ok=True)
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", restored.user, restored.data_dir], check=True)
        restored.start()
        validity, subjects = self.state(restored, ALICE)
        self.assertEqual(validity, before[ALICE][0])
        self.assertLessEqual(before[ALICE][1].items(), subjects.items())
        validity, subjects = self.state(restored, BOB)
        self.assertEqual(validity, before[BOB][0])
        for uid, subject in before[BOB][1].items():
            self.assertIn(subjects.get(uid), (subject, None))  # Bob's session moved and expunged
        highest = max(self.state(restored, ALICE)[1])
        self.send(restored, "after")
        after = self.state(restored, ALICE)[1]
        self.assertEqual([subject for uid, subject in after.items() if uid > highest], ["after"])
        restored.command("mailbox", "verify", ALICE)
        restored.stop()


if __name__ == "__main__":
    harness.main(tools=["rsync", "sqlite3"])
