"""LMTP both ways: swaks, Debian's Postfix and another Waxwing hand mail in; Debian's Dovecot takes it."""

import glob
import imaplib
import os
import pwd
import shutil
import smtplib
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
import postfix_test
from harness import ALICE, BOB, PASSWORD, message, wait_for

DOVECOT = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
listen = 127.0.0.1
protocols = lmtp
ssl = no
mail_location = maildir:{root}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
postmaster_address = postmaster@store.test
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = passwd-file
  args = {root}/users
}}
service lmtp {{
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    port = {port}
  }}
}}
"""


class Dovecot:
    """A store of its own for store.test and far.test, which Waxwing stands before."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="waxwing-dovecot-")
        os.chmod(self.root, 0o755)
        self.port = harness.free_port()
        os.mkdir(f"{self.root}/mail")
        shutil.chown(f"{self.root}/mail", "mail", "mail")
        with open(f"{self.root}/users", "w") as users:
            for name in ("carol@store.test", "dave@store.test", "erin@far.test"):
                users.write(f"{name}:{{PLAIN}}x:mail:mail::{self.root}/mail/{name}::\n")
        os.chmod(f"{self.root}/users", 0o644)
        with open(f"{self.root}/conf", "w") as out:
            out.write(DOVECOT.format(root=self.root, port=self.port))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", f"{self.root}/conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(f"{self.root}/lmtp"), "Dovecot")

    def messages(self, user):
        found = []
        for path in glob.glob(f"{self.root}/mail/{user}/new/*"):
            with open(path, "rb") as file:
                found.append(file.read())
        return found

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def inbox(server, user, subject, seconds=60):
    def find():
        with imaplib.IMAP4_SSL("localhost", server.port(993), ssl_context=server.tls()) as client:
            client.login(user, PASSWORD)
            client.select("INBOX", readonly=True)
            for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
                return client.fetch(number, "(BODY.PEEK[])")[1][0][1].decode()
    return wait_for(find, f"{subject} in the inbox of {user}", seconds)


LISTEN = """
listen:
  addresses: ['127.0.0.1']
  port_offset: @OFFSET@
  lmtp_socket: {socket}
  ports:
    - {{port: 25, service: smtp, tls: starttls}}
    - {{port: 587, service: submission, tls: starttls}}
    - {{port: 993, service: imap, tls: implicit}}
    - {{port: 24, service: lmtp}}
"""


class In(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        run = os.path.join(cls.server.folder, "run")
        os.mkdir(run)
        shutil.chown(run, cls.server.user)
        cls.socket = os.path.join(run, "lmtp")
        cls.server.settings = LISTEN.format(socket=cls.socket)
        try:
            cls.server.start()
            cls.server.add_accounts()
        except BaseException:
            cls.server.discard()
            raise

    def swaks(self, *arguments, status=0):
        return self.run_client("swaks", "--protocol", "LMTP", "--helo", "front.example", "--timeout", "30",
                               "--from", "x@far.example", *arguments, status=status)

    def test_the_socket_is_the_service_users(self):
        found = os.stat(self.socket)
        self.assertEqual(stat.S_IMODE(found.st_mode), 0o660)
        self.assertEqual(found.st_uid, pwd.getpwnam(self.server.user).pw_uid)

    def test_each_recipient_has_an_answer(self):
        for where in (("--socket", self.socket), ("--server", f"127.0.0.1:{self.server.port(24)}")):
            out = self.swaks(*where, "--to", f"{ALICE},{BOB}", "--header", "Subject: by lmtp")
            self.assertEqual(out.count("<-  250 2.0.0 Delivered"), 2, out)
            self.assertIn("LMTP Waxwing", out)
        text = inbox(self.server, ALICE, "by lmtp")
        self.assertIn("with LMTP\r\n", text)
        self.assertIn("Return-Path: <x@far.example>", text)

    def test_it_relays_for_nobody(self):
        out = self.swaks("--socket", self.socket, "--to", "x@elsewhere.example", status=24)
        self.assertIn("550 5.7.1", out)

    def test_starttls_on_the_port(self):
        self.swaks("--server", f"127.0.0.1:{self.server.port(24)}", "--to", ALICE, "--tls",
                   "--header", "Subject: lmtp under tls")
        self.assertIn("with LMTPS (TLSv1.3", inbox(self.server, ALICE, "lmtp under tls"))

    def test_it_is_told_by_what_way_it_came(self):
        self.swaks("--socket", self.socket, "--to", ALICE)
        self.assertIn("from unix:", self.server.command("trace", ALICE))


class Restart(unittest.TestCase):
    def test_a_dead_servers_socket_is_replaced_and_a_living_ones_is_not(self):
        server = harness.Server()
        self.addCleanup(server.discard)
        run = os.path.join(server.folder, "run")
        os.mkdir(run)
        shutil.chown(run, server.user)
        path = os.path.join(run, "lmtp")
        server.settings = LISTEN.format(socket=path)
        server.start()
        second = harness.Server(LISTEN.format(socket=path))
        self.addCleanup(second.discard)
        with self.assertRaises(harness.Failure) as failed:
            second.start()
        self.assertIn("another server listens there", str(failed.exception))
        second.process.wait()
        second.process.stdout.close()
        second.process = None
        server.kill()
        self.assertTrue(os.path.exists(path))
        server.start()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            self.assertTrue(client.recv(100).startswith(b"220 "))
        server.stop()
        self.assertFalse(os.path.exists(path))


@unittest.skipUnless(os.getuid() == 0 and shutil.which("postfix"), "Postfix needs root")
class FromPostfix(harness.LiveTest):
    setUpClass = In.__dict__["setUpClass"]

    def test_postfix_delivers_and_returns(self):
        # An operator puts `postfix` into the group of the service user.
        os.chmod(self.socket, 0o666)
        postfix = postfix_test.Postfix(
            self.server.port(25),
            main=f"virtual_mailbox_domains = example.test\nvirtual_mailbox_maps =\n"
                 f"virtual_transport = lmtp:unix:{self.socket}\n",
            master="lmtp unix - - n - - lmtp\n")
        self.addCleanup(postfix.stop)
        with smtplib.SMTP("localhost", postfix.port) as client:
            client.sendmail(BOB, [ALICE, BOB, "nobody@example.test"], message("by postfix", sender=BOB))
        for user in (ALICE, BOB):
            self.assertIn("with LMTP\r\n", inbox(self.server, user, "by postfix"))
        returned = inbox(self.server, BOB, "Undelivered Mail Returned to Sender")
        self.assertIn("550 5.1.1 No such address here", returned.replace("\r\n    ", " "))


@unittest.skipUnless(os.getuid() == 0 and os.path.exists("/usr/lib/dovecot/lmtp"), "Dovecot's LMTP needs root")
class ToDovecot(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.dovecot = Dovecot()
        cls.addClassCleanup(cls.dovecot.stop)
        cls.settings = f"""
relay:
  - {{protocol: lmtp, socket: {cls.dovecot.root}/lmtp, domains: [store.test], accept: true}}
  - {{protocol: lmtp, host: 127.0.0.1, port: {cls.dovecot.port}, domains: [far.test, example.test], accept: true}}
sender_policy: {{verify: false}}
"""
        super().setUpClass()

    def from_outside(self, to, subject):
        with smtplib.SMTP("127.0.0.1", self.server.port(25)) as client:
            client.sendmail(ALICE, to, message(subject, to=to[0]))

    def at_dovecot(self, user, subject):
        return wait_for(lambda: [m for m in self.dovecot.messages(user) if f"Subject: {subject}\n".encode() in m
                                 or f"Subject: {subject}\r\n".encode() in m], f"{subject} at Dovecot")[0]

    def test_everybodys_mail_for_its_domain_goes_there_by_socket(self):
        self.from_outside(["carol@store.test"], "by socket")
        text = self.at_dovecot("carol@store.test", "by socket")
        self.assertIn(b"LMTP", text)

    def test_and_by_port(self):
        self.from_outside(["erin@far.test"], "by port")
        self.at_dovecot("erin@far.test", "by port")

    def test_each_recipient_is_settled_on_its_own(self):
        self.from_outside(["carol@store.test", "ghost@store.test", "dave@store.test"], "three")
        for user in ("carol", "dave"):
            self.at_dovecot(f"{user}@store.test", "three")
        report = inbox(self.server, ALICE, "could not be delivered")
        self.assertIn("ghost@store.test", report)
        self.assertNotIn("dave@store.test", report)
        self.assertNotIn(self.dovecot.root, report)
        self.assertEqual(len([m for m in self.dovecot.messages("dave@store.test") if b"three" in m]), 1)

    def test_other_domains_are_still_refused(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.from_outside(["x@elsewhere.test"], "no")

    def test_a_domain_that_is_here_as_well_is_told_of(self):
        self.server.process.send_signal(1)  # SIGHUP: the domain was added after the start
        wait_for(lambda: "relay: example.test is set up here as well" in self.server.log(), "the warning")


class Both(unittest.TestCase):
    def test_a_waxwing_before_another(self):
        back = harness.Server()
        self.addCleanup(back.discard)
        back.settings = LISTEN.format(socket=os.path.join(back.folder, "lmtp"))
        back.start()
        back.add_accounts()
        front = harness.Server(f"relay: [{{protocol: lmtp, host: 127.0.0.1, port: {back.port(24)}, "
                               "domains: [example.test], accept: true}]\nsender_policy: {verify: false}\n")
        self.addCleanup(front.discard)
        front.start()
        with smtplib.SMTP("127.0.0.1", front.port(25)) as client:
            client.sendmail("carol@far.example", [ALICE, BOB], message("through", sender="carol@far.example"))
        for user in (ALICE, BOB):
            self.assertIn("with LMTPS", inbox(back, user, "through"))
        front.stop()
        back.stop()


if __name__ == "__main__":
    harness.main(tools=["swaks"])
