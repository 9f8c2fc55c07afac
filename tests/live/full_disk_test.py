"""A disk without any space left: what was acknowledged can be read, nothing new is taken, everything that needs
space is refused with the protocol's own code, and when there is room again all goes on by itself."""

import imaplib
import os
import poplib
import shutil
import smtplib
import subprocess
import unittest

import harness
from harness import PASSWORD


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.discard)
        self.disk = os.path.join(self.server.folder, "disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,mode=755", "tmpfs", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            harness.skip(f"cannot mount: {mounted.stderr.strip()}")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.disk], check=True))
        self.server.data_dir = os.path.join(self.disk, "data")
        os.mkdir(self.server.data_dir, mode=0o700)
        shutil.chown(self.server.data_dir, self.server.user)
        self.server.start()
        self.addCleanup(self.server.stop)
        self.ballast = os.path.join(self.disk, "ballast")

    def fill(self, leave=0):
        size = os.statvfs(self.disk).f_bavail * os.statvfs(self.disk).f_frsize
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                file.write(b"x" * max(0, size - leave))
                while leave == 0:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def deliver(self, subject, to):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=60) as client:
            client.sendmail("a@example.net", [to], harness.message(subject))

    def sign_in(self, user):
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
        client.login(user, PASSWORD)
        return client

    def subjects(self, client):
        self.assertEqual(client.select()[0], "OK")
        parts = client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]
        return [part[1].split(b"Subject: ")[1].split(b"\r\n")[0].decode() for part in parts if isinstance(part, tuple)]

    def check_reader(self, user):
        client = self.sign_in(user)
        self.assertEqual(self.subjects(client), ["first"])
        self.assertEqual(client.search(None, "TEXT", "first")[1], [b"1"])
        for status, said in (client.store("1", "+FLAGS", "\\Seen"), client.create("New"),
                             client.append("INBOX", None, None, b"Subject: x\r\n\r\nx\r\n")):
            self.assertEqual(status, "NO")
            self.assertIn(b"[OVERQUOTA]", said[0])
        client.logout()

    def test_what_was_acknowledged_can_be_read(self):
        # Of what is delivered a moment before, the file is there; its line in the index may come too late.
        users = [f"box{number}@example.test" for number in range(10)]
        self.server.add_accounts(*users)
        for user in users:
            self.fill(leave=1_500_000)
            self.deliver("first", to=user)
            self.fill()
            if "index behind" in self.server.log():
                break
            self.check_reader(user)
            os.unlink(self.ballast)
        else:
            self.fail("the index is never behind")
        self.check_reader(user)
        with self.assertRaises(smtplib.SMTPSenderRefused) as refused:
            self.deliver("late", to=user)
        self.assertEqual(refused.exception.smtp_code, 452)
        os.unlink(self.ballast)

        self.deliver("second", to=user)
        client = self.sign_in(user)
        self.assertEqual(self.subjects(client), ["first", "second"])
        self.assertEqual(client.store("1", "+FLAGS", "\\Seen")[0], "OK")
        client.logout()
        client = poplib.POP3("127.0.0.1", self.server.port(110), timeout=60)
        client.user(user)
        client.pass_(PASSWORD)
        self.assertEqual(client.stat()[0], 2)
        client.quit()
        self.assertIn("all is well", self.server.command("mailbox", "verify", user))

        # Without any space it cannot start, and says what to do.
        self.server.stop()
        self.fill()
        with self.assertRaisesRegex(harness.Failure, f"no space is left where {self.server.data_dir} is.*make room"):
            self.server.start()
        os.unlink(self.ballast)
        self.server.start()
        client = self.sign_in(user)
        self.assertEqual(self.subjects(client), ["first", "second"])
        client.logout()


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("only root may mount")
    harness.main(tools=["mount"])
