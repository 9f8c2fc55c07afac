"""A backup taken while mail comes in, restored into an empty data directory: every message that was
there before the backup is there under its old UID, and the server goes on with it."""

import imaplib
import os
import re
import shutil
import smtplib
import subprocess
import threading
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


class Mover(threading.Thread):
    """Somebody who files his mail, all of it, from one mailbox to the other and back."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stopping, self.rounds = server, threading.Event(), 0

    def run(self):
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
        client.login(ALICE, PASSWORD)
        while not self.stopping.is_set():
            for source, target in (("INBOX", "Archive"), ("Archive", "INBOX")):
                client.select(source)
                for uid in client.uid("SEARCH", "ALL")[1][0].split():
                    client.uid("MOVE", uid.decode(), target)
            self.rounds += 1
        client.logout()


class Copies(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server().start()
        self.addCleanup(self.server.discard)
        self.server.add_accounts()
        self.target = os.path.join(self.server.folder, "backup")

    def back_up(self, target=None, path=None):
        return subprocess.run([BACKUP, self.server.data_dir, target or self.target], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"} if path else None)

    def test_no_message_is_lost(self):
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
        client.login(ALICE, PASSWORD)
        for number in range(100):
            client.append("INBOX", None, None, harness.message(f"kept-{number}").encode())
        client.logout()
        mover = Mover(self.server)
        mover.start()
        harness.wait_for(lambda: mover.rounds > 0, "the mover")
        for _ in range(3):
            done = self.back_up()
            self.assertEqual(done.returncode, 0, done.stderr)
            found = set()
            for folder, _, names in os.walk(os.path.join(self.target, "accounts", "example.test", "alice", "Maildir")):
                for name in names:
                    if os.path.basename(folder) == "cur":
                        with open(os.path.join(folder, name)) as file:
                            found.update(re.findall(r"Subject: (kept-\d+)", file.read()))
            self.assertEqual(len(found), 100)
        mover.stopping.set()
        mover.join(timeout=60)
        # At rest the copy is what is there.
        self.assertEqual(self.back_up().returncode, 0)
        self.assertEqual(self.mail(self.target), self.mail(self.server.data_dir))

    def mail(self, root):
        found = set()
        for folder, _, names in os.walk(os.path.join(root, "accounts")):
            found.update(os.path.relpath(os.path.join(folder, name), root) for name in names if ".sqlite" not in name)
        return found

    def test_a_message_that_no_list_had_is_fetched(self):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=60) as client:
            client.sendmail("s@sender.example", [ALICE], harness.message("unlisted", "s@sender.example"))
        # As if it had moved behind the back of the first pass.
        folder = os.path.join(self.server.folder, "bin")
        os.mkdir(folder)
        with open(os.path.join(folder, "rsync"), "w") as script:
            script.write(f"""#!/bin/sh
{shutil.which("rsync")} "$@" || exit $?
find {self.target}/accounts -path '*/cur/*' -type f >{folder}/found 2>/dev/null
[ -s {folder}/found ] && ! [ -e {folder}/done ] || exit 0
touch {folder}/done
while read -r file; do rm "$file"; done <{folder}/found
""")
        os.chmod(os.path.join(folder, "rsync"), 0o755)
        done = self.back_up(path=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(os.path.join(folder, "done")))
        self.assertEqual(self.mail(self.target), self.mail(self.server.data_dir))

    def test_what_is_removed_goes_with_the_next(self):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=60) as client:
            client.sendmail("s@sender.example", [ALICE, BOB], harness.message("first", "s@sender.example"))
        self.assertEqual(self.back_up().returncode, 0)
        self.server.command("account", "remove", BOB)
        self.assertEqual(self.back_up().returncode, 0)
        accounts = os.path.join(self.target, "accounts", "example.test")
        self.assertEqual(os.listdir(accounts), ["alice"])
        self.assertEqual(self.mail(self.target), self.mail(self.server.data_dir))

    def test_a_restore_without_the_accounts_is_not_served(self):
        self.server.stop()
        for suffix in ("", "-wal", "-shm"):
            path = os.path.join(self.server.data_dir, "directory.sqlite" + suffix)
            if os.path.exists(path):
                os.unlink(path)
        self.server.command("domain", "list")  # makes an empty one
        os.makedirs(os.path.join(self.server.data_dir, "accounts", "example.test", "alice"), exist_ok=True)
        with self.assertRaisesRegex(harness.Failure, "directory.sqlite knows no domain.*restore directory.sqlite"):
            self.server.start()
        self.server.command("domain", "add", "example.test")
        self.server.start()
        self.server.stop()

    def test_a_target_inside_of_the_data_is_refused(self):
        done = self.back_up(os.path.join(self.server.data_dir, "backup"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("choose another target", done.stderr)
        done = subprocess.run([BACKUP, self.server.folder, self.target], capture_output=True, text=True)
        self.assertIn("no data directory", done.stderr)


if __name__ == "__main__":
    harness.main(tools=["rsync", "sqlite3"])
