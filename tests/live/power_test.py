"""A power cut under the real daemon: its data directory lies on a loop-mounted file system that is
shut down in the middle of a delivery storm with FS_IOC_SHUTDOWN, so that whatever was not synced is
really gone. Then the file system is mounted again and the daemon started on it.

Promises: every acknowledged message is there, once and whole; no UID is used twice; `mailbox
verify` finds nothing wrong.

Usage: power_test.py ext4|xfs [ROUNDS]. Needs root and loop devices.
"""

import fcntl
import imaplib
import os
import random
import re
import shutil
import smtplib
import struct
import subprocess
import sys
import tempfile
import unittest

import harness
import kill_test
from harness import ALICE, BOB, PASSWORD

FS_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2

FILE_SYSTEM = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in ("ext4", "xfs") else "ext4"
ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 4
SEED = kill_test.SEED


class Volume:
    """A small file system in a file."""

    def __init__(self, kind):
        self.folder = tempfile.mkdtemp(prefix="waxwing-power-")
        self.image = os.path.join(self.folder, "image")
        self.mounted_at = os.path.join(self.folder, "mount")
        os.chmod(self.folder, 0o755)
        os.mkdir(self.mounted_at)
        with open(self.image, "wb") as image:
            image.truncate((400 + 50 * ROUNDS) << 20)  # sparse: what is not written takes no room
        make = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}[kind]
        subprocess.run([*make, self.image], check=True, capture_output=True)

    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.mounted_at], capture_output=True, text=True)

    def unmount(self):
        subprocess.run(["umount", self.mounted_at], check=True)

    def cut_power(self):
        descriptor = os.open(self.mounted_at, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def discard(self):
        subprocess.run(["umount", "-l", self.mounted_at], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def is_temporary(error):
    """Between the cut and its end the server may answer, but only that it cannot now."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and 400 <= error.smtp_code < 500


class Power(unittest.TestCase):
    def setUp(self):
        self.volume = Volume(FILE_SYSTEM)
        self.addCleanup(self.volume.discard)
        mounted = self.volume.mount()
        if mounted.returncode != 0:
            self.volume.discard()
            harness.skip(f"cannot mount a loop device: {mounted.stderr.strip()}")
        self.server = harness.Server("limits: {free_space: 1MiB, messages_per_minute: 1000000}\n",
                                     data_dir=os.path.join(self.volume.mounted_at, "data"))
        self.addCleanup(self.server.discard)
        self.server.start()
        self.server.add_accounts()

    def whole(self, ledger):
        """Every message that is there is there to its last byte."""
        for account in (ALICE, BOB):
            client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
            client.login(account, PASSWORD)
            client.select("INBOX", readonly=True)
            for uid in kill_test.subjects_of(client):
                answer = client.uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[])")[1]
                size = int(re.search(rb"RFC822.SIZE (\d+)", answer[0][0]).group(1))
                self.assertEqual(len(answer[0][1]), size)
                self.assertNotIn(b"\0", answer[0][1], f"{account} UID {uid} has a hole")
                self.assertTrue(answer[0][1].endswith(b"x\r\n"), f"{account} UID {uid} is cut short")
            client.logout()

    def test_nothing_acknowledged_is_lost(self):
        print(f"seed {SEED}, {FILE_SYSTEM}, {ROUNDS} cuts", flush=True)
        chance = random.Random(SEED)
        ledger = kill_test.Ledger()
        for _ in range(ROUNDS):
            clients = [kill_test.Sender(self.server, ledger, chance.random()) for _ in range(6)]
            for client in clients:
                client.start()
            clients[0].join(timeout=chance.uniform(0.5, 3.0))
            # A machine without power says nothing more. This one still runs for a moment, and xfs may
            # take an fsync for done whose log was thrown away under it.
            ledger.trust(False)
            self.volume.cut_power()
            self.server.kill()
            for client in clients:
                client.join(timeout=60)
                if client.trouble and not is_temporary(client.trouble):
                    raise client.trouble
            ledger.trust(True)
            self.server.check_log()
            self.volume.unmount()
            mounted = self.volume.mount()
            self.assertEqual(mounted.returncode, 0, mounted.stderr)
            self.server.start()
            kill_test.Audit(self.server, ledger).run()
            self.whole(ledger)
        print(f"{len(ledger.acknowledged)} acknowledged", flush=True)
        self.assertGreater(len(ledger.acknowledged), ROUNDS)
        for account in (ALICE, BOB):
            self.server.command("mailbox", "verify", account)
        self.server.stop()


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("only root may mount")
    harness.main(tools=[f"mkfs.{FILE_SYSTEM}", "mount"])
