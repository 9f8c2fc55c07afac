"""fetchmail: collects by POP3 and by IMAP, keeps or deletes, and hands over to a delivery program."""

import os
import smtplib
import unittest

import harness
from harness import BOB, PASSWORD


class Fetchmail(harness.LiveTest):
    def fill(self, *subjects):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=30) as client:
            for subject in subjects:
                client.sendmail("x@sender.example", [BOB], harness.message(subject, "x@sender.example"))

    def fetch(self, protocol, port, security, *options, server="", status=0):
        folder = self.scratch(f"{protocol}-{port}")
        rc = os.path.join(folder, "fetchmailrc")
        taken = os.path.join(folder, "taken")
        with open(rc, "w") as out:
            out.write(f"poll localhost protocol {protocol} port {self.server.port(port)} {server} "
                      f"user \"{BOB}\" password \"{PASSWORD}\" {security} "
                      f"sslcertfile \"{self.server.certificate()}\" mda \"cat >> {taken}\" {' '.join(options)}\n")
        os.chmod(rc, 0o600)
        self.run_client("fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", os.path.join(folder, "pid"),
                        "-i", os.path.join(folder, "ids"), environment={"HOME": folder, "FETCHMAILHOME": folder},
                        status=status)
        if not os.path.exists(taken):
            return ""
        with open(taken, errors="replace") as text:
            content = text.read()
        os.remove(taken)
        return content

    def test_keeps_by_pop3_then_deletes_by_imap(self):
        self.fill("first", "second")
        for port, security in ((995, "ssl"), (110, 'sslproto "TLS1.2+"'), (995, 'sslproto "TLS1.2+"')):
            with self.subTest(port=port, security=security):
                text = self.fetch("pop3", port, security, "keep", "fetchall")
                self.assertEqual((text.count("Subject: first"), text.count("Subject: second")), (1, 1))
        # With UIDLs it takes only what is new.
        self.fetch("pop3", 110, 'sslproto ""', "keep", server="uidl")
        self.fill("third")
        text = self.fetch("pop3", 110, 'sslproto ""', "keep", server="uidl")
        self.assertEqual((text.count("Subject: first"), text.count("Subject: third")), (0, 1))
        text = self.fetch("imap", 993, "ssl", "fetchall", "nokeep")
        self.assertEqual(text.count("Subject: "), 3)
        self.fetch("imap", 143, 'sslproto "TLS1.2+"', "fetchall", "nokeep", status=1)  # 1: no mail


if __name__ == "__main__":
    harness.main(tools=["fetchmail"])
