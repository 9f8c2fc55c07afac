"""getmail: collects by POP3 and IMAP into a Maildir, once each message, by UIDL and UID."""

import os
import smtplib
import subprocess
import unittest

import harness
from harness import BOB, PASSWORD


class Getmail(harness.LiveTest):
    def fetch(self, retriever, port, extra=""):
        folder = self.scratch(retriever)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(folder, "mail", part), exist_ok=True)
        with open(os.path.join(folder, "getmailrc"), "w") as out:
            out.write(f"[retriever]\ntype = {retriever}\nserver = localhost\nport = {self.server.port(port)}\n"
                      f"username = {BOB}\npassword = {PASSWORD}\n{extra}\n"
                      f"[destination]\ntype = Maildir\npath = {folder}/mail/\n\n"
                      "[options]\nread_all = false\ndelete = false\ndelivered_to = false\nreceived = false\n")
        arguments = ["getmail", "--getmaildir", folder]
        if os.getuid() == 0:  # it refuses to deliver as root
            subprocess.run(["chown", "-R", "nobody", folder], check=True)
            arguments = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *arguments]
        self.run_client(*arguments, environment={"HOME": folder, "SSL_CERT_FILE": self.server.certificate()})
        return len(os.listdir(os.path.join(folder, "mail", "new")))

    def send(self, subject):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=30) as client:
            client.sendmail("x@sender.example", [BOB], harness.message(subject, "x@sender.example"))

    def test_takes_each_message_once(self):
        retrievers = (("SimplePOP3Retriever", 110), ("SimplePOP3SSLRetriever", 995), ("SimpleIMAPSSLRetriever", 993))
        for count, subject in enumerate(("a", "b"), 1):
            self.send(subject)
            for retriever, port in retrievers:
                with self.subTest(retriever=retriever, subject=subject):
                    extra = 'mailboxes = ("INBOX",)\n' if "IMAP" in retriever else ""
                    self.assertEqual(self.fetch(retriever, port, extra), count)
                    self.assertEqual(self.fetch(retriever, port, extra), count, "nothing new, nothing taken")


if __name__ == "__main__":
    harness.main(tools=["getmail"])
