"""mutt and neomutt in batch mode: send by SMTP, then read, move and delete over IMAP."""

import imaplib
import os
import shutil
import unittest

import harness
from harness import ALICE, BOB, PASSWORD


class Mutt(harness.LiveTest):
    def configure(self, name):
        folder = self.scratch(name)
        path = os.path.join(folder, "muttrc")
        with open(path, "w") as out:
            out.write(f"""
set from = "{ALICE}"
set realname = "Alice"
set use_from = yes
set smtp_url = "smtps://{ALICE.replace('@', '%40')}@localhost:{self.server.port(465)}/"
set smtp_pass = "{PASSWORD}"
set smtp_authenticators = "plain"
set imap_user = "{BOB}"
set imap_pass = "{PASSWORD}"
set folder = "imaps://localhost:{self.server.port(993)}/"
set spoolfile = "imaps://localhost:{self.server.port(993)}/INBOX"
set ssl_starttls = yes
set certificate_file = "{self.server.certificate()}"
set header_cache = "{folder}/headers"
set message_cachedir = "{folder}/bodies"
set imap_idle = no
set record = ""
set postponed = "=Drafts"
set delete = yes
set move = no
set wait_key = no
set confirmappend = no
set confirmcreate = no
set mark_old = no
set quit = yes
""")
        return folder, path

    def trip(self, program):
        folder, rc = self.configure(program)
        self.run_client(program, "-n", "-F", rc, "-s", f"from {program}", BOB, text="Hello, Bob.\n",
                        environment={"TERM": "xterm", "HOME": folder}, seconds=60)
        # Reads the message and saves it to Archive, then quits; all by keys pushed at the start.
        copied = os.path.join(folder, "copy")
        keys = (f"push '<limit>~s \"from {program}\"<enter><display-message><exit>"
                f"<copy-message>{copied}<enter><save-message>=Archive<enter><sync-mailbox><quit>'")
        self.run_client("script", "-qec", f"{program} -n -F {rc} -e \"{keys.replace(chr(34), chr(92) + chr(34))}\"",
                        "/dev/null", text="", environment={"TERM": "xterm", "HOME": folder, "LINES": "24", "COLUMNS": "80"},
                        seconds=60)
        with open(copied) as text:
            self.assertIn("Hello, Bob.", text.read())
        self.assertEqual(self.count("INBOX", program), 0)
        self.assertEqual(self.count("Archive", program), 1)

    def count(self, folder, program):
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=30)
        client.login(BOB, PASSWORD)
        client.select(folder, readonly=True)
        found = client.search(None, "SUBJECT", f'"from {program}"')[1][0].split()
        client.logout()
        return len(found)

    def test_mutt(self):
        if not shutil.which("mutt"):
            self.skipTest("mutt is not installed")
        self.trip("mutt")

    def test_neomutt(self):
        if not shutil.which("neomutt"):
            self.skipTest("neomutt is not installed")
        self.trip("neomutt")


if __name__ == "__main__":
    harness.require("script")
    if not shutil.which("mutt") and not shutil.which("neomutt"):
        harness.skip("neither mutt nor neomutt is installed")
    harness.main()
