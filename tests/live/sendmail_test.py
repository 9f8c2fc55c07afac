"""`sendmail`, as cron, scripts, mail(1) and mutt call it, by root and by ordinary users of the machine."""

import imaplib
import os
import shutil
import stat
import subprocess
import unittest

import harness
from harness import ALICE, BINARY, PASSWORD, wait_for

OK, USAGE, DATAERR, UNAVAILABLE, TEMPFAIL, NOPERM = 0, 64, 65, 69, 75, 77


class Sendmail(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        # As systemd does it: RuntimeDirectory=.
        run = os.path.join(cls.server.folder, "run")
        os.mkdir(run, 0o755)
        shutil.chown(run, cls.server.user)
        os.environ["RUNTIME_DIRECTORY"] = run
        cls.addClassCleanup(os.environ.pop, "RUNTIME_DIRECTORY")
        cls.socket = os.path.join(run, "submit.sock")
        try:
            cls.server.start()
            cls.server.add_accounts()
        except BaseException:
            cls.server.discard()
            raise
        # For programs that know nothing but a path.
        cls.program = os.path.join(cls.server.folder, "wrapped")
        with open(cls.program, "w") as out:
            out.write(f'#!/bin/sh\nexec {os.path.abspath(BINARY)} sendmail --socket={cls.socket} "$@"\n')
        os.chmod(cls.program, 0o755)

    def call(self, *arguments, text="", status=OK, user=None, program=(BINARY, "sendmail")):
        user = {"user": user, "group": user, "extra_groups": []} if user and os.getuid() == 0 else {}
        done = subprocess.run([*program, f"--socket={self.socket}", *arguments], input=text.encode(),
                              capture_output=True, timeout=60, **user)
        self.assertEqual(done.returncode, status, done.stderr.decode() + self.server.log()[-2000:])
        return done.stderr.decode()

    def inbox(self, subject):
        def find():
            with imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls()) as client:
                client.login(ALICE, PASSWORD)
                client.select("INBOX", readonly=True)
                for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
                    return client.fetch(number, "(BODY.PEEK[])")[1][0][1].decode()
        return wait_for(find, f"{subject} in the inbox")

    def test_everybody_may_use_the_socket(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o666)

    def test_a_script(self):
        self.call("-t", text=f"To: {ALICE}\nSubject: script\n\none\n.two\n\nthree\n")
        text = self.inbox("script")
        self.assertTrue(text.endswith("\r\n\r\none\r\n.two\r\n\r\nthree\r\n"), text)
        for field in ("From: ", "Date: ", "Message-ID: <"):
            self.assertIn(f"\r\n{field}", text)
        self.assertIn(f"(user id {os.getuid()})", text)

    def test_cron(self):
        self.call("-FCronDaemon", "-i", "-B8BITMIME", "-oem", ALICE,
                  text="From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@here> job\n\n10%\r20%\rdone\n.\nmore\n")
        text = self.inbox("job")
        self.assertIn("From: root@localhost (Cron Daemon)\r\nTo: root@localhost\r\n", text)
        self.assertTrue(text.endswith("10%\r\n20%\r\ndone\r\n.\r\nmore\r\n"), text)

    def test_by_the_name_that_all_programs_know(self):
        link = os.path.join(self.server.folder, "sendmail")
        os.symlink(os.path.abspath(BINARY), link)
        self.call("-f", "www@lan.example", ALICE, program=(link,), text="Subject: by name\n\nx\n.\nnever\n")
        text = self.inbox("by name")
        self.assertTrue(text.startswith("Return-Path: <www@lan.example>\r\n"), text)
        self.assertNotIn("never", text)

    def test_bcc_is_served_and_not_shown(self):
        self.call("-t", "-oi", text=f"To: x@far.example\nBcc: {ALICE}\nSubject: blind\n\nx\n")
        self.assertNotIn("Bcc", self.inbox("blind"))
        self.assertIn("far.example", self.server.command("queue", "list"))

    def test_a_text_without_a_header(self):
        self.call(ALICE, text="just text with blank-subject-word\n")

        def find():
            with imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls()) as client:
                client.login(ALICE, PASSWORD)
                client.select("INBOX", readonly=True)
                return client.search(None, "TEXT", "blank-subject-word")[1][0]
        wait_for(find, "the message")

    def test_a_large_message(self):
        body = "0123456789" * 7 + "\n"
        self.call("-i", ALICE, text="Subject: large\n\n" + body * 100_000)
        self.assertTrue(self.inbox("large").endswith((body * 100_000).replace("\n", "\r\n")))

    def test_ordinary_users_do_not_write_as_others(self):
        if os.getuid() != 0:
            self.skipTest("only root can be somebody else")
        self.call(ALICE, user="daemon", text="Subject: own name\n\nx\n")
        self.assertIn("Return-Path: <daemon@localhost>", self.inbox("own name"))
        self.assertIn("5.7.1", self.call("-f", ALICE, ALICE, user="daemon", text="Subject: x\n\n", status=NOPERM))
        self.assertIn("5.7.1", self.call("-t", user="daemon", status=NOPERM,
                                         text=f"From: {ALICE}\nTo: {ALICE}\nSubject: x\n\n"))
        self.call("-f", ALICE, ALICE, text="Subject: root may\n\nx\n")
        self.assertIn(f"Return-Path: <{ALICE}>", self.inbox("root may"))

    def test_statuses(self):
        self.assertIn("nobody@example.test: 550 5.1.1",
                      self.call("nobody@example.test", text="Subject: x\n\n", status=UNAVAILABLE))
        self.assertIn("only hands in one message", self.call("-bs", status=USAGE))
        self.assertIn("nobody to send to", self.call("-t", text="Subject: x\n\n", status=DATAERR))
        self.assertIn("is not an address", self.call("a b@c d@e", text="Subject: x\n\n", status=DATAERR))
        self.call("-q", status=OK)
        self.call("-bi", status=OK)

    def test_without_a_server_it_is_to_be_tried_again(self):
        done = subprocess.run([BINARY, "sendmail", "--socket=/nonexistent/socket", ALICE],
                              input=b"Subject: x\n\n" + b"x" * 1_000_000, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, TEMPFAIL)
        self.assertIn(b"the mail server does not answer", done.stderr)

    def test_mail(self):
        if not shutil.which("bsd-mailx"):
            self.skipTest("bsd-mailx is not installed")
        rc = os.path.join(self.server.folder, "mailrc")
        with open(rc, "w") as out:
            out.write(f"set sendmail={self.program}\n")
        self.run_client("bsd-mailx", "-s", "by mail", ALICE, text="hello\n",
                        environment={"MAILRC": rc, "HOME": self.server.folder})
        self.assertIn("hello\r\n", self.inbox("by mail"))

    def test_mutt(self):
        if not shutil.which("mutt"):
            self.skipTest("mutt is not installed")
        rc = os.path.join(self.server.folder, "muttrc")
        with open(rc, "w") as out:
            out.write(f'set sendmail="{self.program} -oem -oi"\nset copy=no\nset from="me@lan.example"\n'
                      'set use_envelope_from=yes\n')
        self.run_client("mutt", "-F", rc, "-s", "by mutt", ALICE, text="hello\n",
                        environment={"HOME": self.server.folder})
        self.assertTrue(self.inbox("by mutt").startswith("Return-Path: <me@lan.example>"))


if __name__ == "__main__":
    harness.main()
