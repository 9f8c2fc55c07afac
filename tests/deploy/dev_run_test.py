"""`./dev run`, as the README promises it: prints a table by which a mail program can be set up, shows
the same passwords on a second start, serves as an unprivileged user, and ends on Ctrl-C."""

import imaplib
import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "live"))
import harness  # noqa: E402


class DevRun(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="waxwing-run-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "a+")
        self.addCleanup(self.log.close)
        process = subprocess.Popen([os.path.join(SOURCE, "dev"), "run"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=self.log, text=True, start_new_session=True,
                                   env={**os.environ, "WAXWING_RUN": os.path.join(self.folder, "run")})
        self.addCleanup(process.stdout.close)
        table = ""
        while "Data and configuration" not in table:
            line = process.stdout.readline()
            if not line:
                process.wait()
                self.log.seek(0)
                self.fail(f"{table}\n{self.log.read()[-4000:]}")
            table += line
        return process, table

    def press_ctrl_c(self, process):
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        harness.wait_for(lambda: not self.group(process.pid), "every process of the group to end")

    def group(self, number):
        return subprocess.run(["ps", "-o", "pid=", "-g", str(number)], capture_output=True, text=True).stdout.strip()

    def test_table_is_true(self):
        process, table = self.start()
        try:
            port = int(re.search(r"IMAP +localhost +(\d+) +SSL/TLS", table)[1])
            smtp = int(re.search(r"SMTP +localhost +(\d+) +SSL/TLS", table)[1])
            passwords = dict(re.findall(r"(\w+@example\.test) +(\S+)", table))
            self.assertEqual(len(passwords), 2)
            trusting = ssl._create_unverified_context()
            with smtplib.SMTP_SSL("localhost", smtp, context=trusting, timeout=30) as client:
                client.login("alice@example.test", passwords["alice@example.test"])
                client.sendmail("alice@example.test", ["bob@example.test"], harness.message("by-the-table"))
            client = imaplib.IMAP4_SSL("localhost", port, ssl_context=trusting, timeout=30)
            client.login("bob@example.test", passwords["bob@example.test"])
            client.select()
            self.assertIn(b"by-the-table", client.fetch("1", "(BODY[])")[1][0][1])
            client.logout()
            owners = subprocess.run(["ps", "-o", "user=,comm=", "-g", str(process.pid)], capture_output=True, text=True).stdout
            self.assertNotRegex(owners, r"root +waxwing")
        finally:
            self.press_ctrl_c(process)
        process, again = self.start()
        self.press_ctrl_c(process)
        self.assertEqual(dict(re.findall(r"(\w+@example\.test) +(\S+)", again)), passwords)


if __name__ == "__main__":
    unittest.main(verbosity=2)
