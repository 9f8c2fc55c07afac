"""Debian's Postfix on the other side: mail goes there and comes back, with all that both can do."""

import glob
import imaplib
import os
import re
import shutil
import smtplib
import subprocess
import tempfile
import unittest

import harness
from harness import ALICE, PASSWORD, message, wait_for

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.peer.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = {root}/log
maillog_file_prefixes = /tmp, /var
smtputf8_enable = yes
smtpd_peername_lookup = no
smtpd_tls_chain_files = {root}/chain.pem
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtpd_tls_received_header = yes
message_size_limit = 80000000
virtual_mailbox_limit = 0
mailbox_size_limit = 0
disable_dns_lookups = yes
relayhost = [127.0.0.1]:{waxwing}
virtual_mailbox_domains = peer.test
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = texthash:{root}/users
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = virtual
alias_maps =
alias_database =
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
smtp unix - - n - - smtp
relay unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
"""


def merged(settings, more):
    """What is set twice is set to what `more` says. Postfix would warn of each, and postlogd, which has to take
    everybody's warnings and gives its own through the same socket, waits for itself when that is full."""
    last = {line.partition(" =")[0]: line for line in (settings + more).splitlines() if line}
    return "\n".join(last.values()) + "\n"


class Postfix:
    """A server of its own, started in the foreground of nothing and stopped by the pid of its master."""

    def __init__(self, waxwing, main="", master=""):
        """`main` and `master`: more lines of those files."""
        self.root = tempfile.mkdtemp(prefix="waxwing-postfix-")
        os.chmod(self.root, 0o755)
        self.port = harness.free_port()
        for name in ("spool", "data", "mail", "config"):
            os.mkdir(os.path.join(self.root, name))
        shutil.chown(os.path.join(self.root, "data"), "postfix")
        shutil.chown(os.path.join(self.root, "mail"), "nobody")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=mx.peer.test", "-keyout", f"{self.root}/key.pem",
                        "-out", f"{self.root}/cert.pem"], check=True, capture_output=True)
        with open(f"{self.root}/chain.pem", "w") as chain:
            for name in ("key.pem", "cert.pem"):
                chain.write(open(f"{self.root}/{name}").read())
        with open(f"{self.root}/users", "w") as users:
            for user in ("carol", "big", "receipt", "\u4f60\u597d", *(f"m{n}" for n in range(60))):
                users.write(f"{user}@peer.test {user}/\n")
        self.write("main.cf", merged(MAIN, main), waxwing=waxwing, uid=65534, gid=65534)
        self.write("master.cf", MASTER + master)
        subprocess.run(["/usr/sbin/postfix", "-c", f"{self.root}/config", "start"], check=True, capture_output=True)
        wait_for(lambda: os.path.exists(f"{self.root}/spool/pid/master.pid"), "Postfix")

    def write(self, name, text, **values):
        with open(f"{self.root}/config/{name}", "w") as out:
            out.write(text.format(root=self.root, port=self.port, **values))

    def messages(self, user):
        found = []
        for path in glob.glob(f"{self.root}/mail/{user}/new/*"):
            with open(path, "rb") as file:
                found.append(file.read())
        return found

    def log(self):
        with open(f"{self.root}/log", errors="replace") as log:
            return log.read()

    def stop(self):
        subprocess.run(["/usr/sbin/postfix", "-c", f"{self.root}/config", "abort"], capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)


class Peer(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        cls.server.offset = harness._free_offset()
        cls.postfix = Postfix(cls.server.port(25))
        cls.addClassCleanup(cls.postfix.stop)
        cls.server.settings = (f"relay: [{{host: 127.0.0.1, port: {cls.postfix.port}, tls: may, domains: [peer.test]}}]\n"
                               "limits: {free_space: 1MiB, message_size: 80MiB}\n")
        try:
            cls.server.start()
            cls.server.add_accounts()
        except BaseException:
            cls.server.discard()
            raise

    def send(self, to, text, **options):
        with smtplib.SMTP("localhost", self.server.port(587), timeout=120) as client:
            client.starttls(context=self.server.tls())
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, to, text, **options)

    def at_peer(self, user, seconds=60):
        return wait_for(lambda: self.postfix.messages(user), f"mail for {user} at Postfix", seconds)

    def inbox(self, subject, seconds=60):
        def find():
            with imaplib.IMAP4("localhost", self.server.port(143)) as client:
                client.starttls(self.server.tls())
                client.login(ALICE, PASSWORD)
                client.select("INBOX", readonly=True)
                for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
                    return client.fetch(number, "(BODY.PEEK[])")[1][0][1]
        return wait_for(find, f"{subject} in the inbox", seconds)

    def test_takes_our_mail_over_tls(self):
        self.send(["carol@peer.test"], message("there", to="carol@peer.test", body=".\r\n..\r\nend\r\n"))
        text = self.at_peer("carol")[0].decode()
        self.assertIn("using TLSv1.3", text)
        self.assertTrue(text.endswith("\n\n.\n..\nend\n"), text)

    def test_sends_to_us_over_tls(self):
        with smtplib.SMTP("localhost", self.postfix.port) as client:
            client.sendmail("carol@peer.test", [ALICE], message("back", sender="carol@peer.test", to=ALICE))
        text = self.inbox("back").decode()
        self.assertTrue(text.startswith("Return-Path: <carol@peer.test>\r\nReceived: from mx.peer.test ([127.0.0.1])"), text)
        self.assertIn("with ESMTPS (TLSv1.3", text)

    def test_a_mailing_of_many_recipients_is_one_message(self):
        self.send([f"m{n}@peer.test" for n in range(60)], message("many"))
        for number in range(60):
            self.at_peer(f"m{number}")
        ids = set(re.findall(r"(\w+): client=", self.postfix.log()))
        self.assertIn("nrcpt=60", self.postfix.log())
        self.assertTrue(ids)

    def test_fifty_megabytes_each_way(self):
        body = ("0123456789" * 7 + "\r\n") * (50 * 1024 * 1024 // 72)
        self.send(["big@peer.test"], message("large", to="big@peer.test", body=body))
        text = self.at_peer("big", 120)[0]
        self.assertTrue(text.endswith(body.replace("\r\n", "\n").encode()))
        with smtplib.SMTP("localhost", self.postfix.port, timeout=120) as client:
            client.sendmail("carol@peer.test", [ALICE], message("large back", sender="carol@peer.test", to=ALICE, body=body))
        self.assertTrue(self.inbox("large back", 120).endswith(body.encode()))

    def test_letters_of_all_alphabets(self):
        text = "From: alice@example.test\r\nTo: \u4f60\u597d@peer.test\r\nSubject: \u4e16\u754c\r\n\r\n\u4f60\u597d\r\n"
        with smtplib.SMTP("localhost", self.server.port(587)) as client:
            client.starttls(context=self.server.tls())
            client.login(ALICE, PASSWORD)
            client.ehlo()
            client.mail(ALICE, ["SMTPUTF8", "BODY=8BITMIME"])
            code, _ = client.docmd(f"RCPT TO:<\u4f60\u597d@peer.test>")
            self.assertEqual(code, 250)
            self.assertEqual(client.data(text.encode())[0], 250)
        self.assertIn("\u4e16\u754c".encode(), self.at_peer("\u4f60\u597d")[0])

    def test_refusals_come_back_as_reports(self):
        self.send(["gone@peer.test"], message("lost"))
        text = self.inbox("could not be delivered").decode()
        self.assertIn("Status: 5.1.1", text)
        self.assertIn("Remote-MTA: dns; 127.0.0.1", text)

    def test_its_reports_reach_our_users(self):
        # To nobody here: Postfix returns it to alice.
        with smtplib.SMTP("localhost", self.postfix.port) as client:
            client.sendmail(ALICE, ["nobody@example.test"], message("returned", sender=ALICE))
        text = self.inbox("Undelivered Mail Returned to Sender").decode()
        self.assertIn("550 5.1.1 No such address here", text.replace("\r\n    ", " "))

    def test_confirmations_go_all_the_way(self):
        self.send(["receipt@peer.test"], message("confirmed"), mail_options=["RET=HDRS", "ENVID=QQ314"],
                  rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;receipt@peer.test"])
        self.at_peer("receipt")
        text = self.inbox("Successful Mail Delivery Report").decode()
        self.assertIn("Original-Envelope-Id: QQ314", text)
        self.assertIn("Original-Recipient: rfc822;receipt@peer.test", text)


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("Postfix needs root")
    harness.main(tools=["postfix", "openssl"])
