"""What comes in is verified: SPF, DKIM and DMARC against a real name server, what is done with mail that fails,
forged results, and a DNS that does not answer."""

import base64
import email
import imaplib
import json
import os
import re
import smtplib
import subprocess
import tempfile
import unittest

import dns
import harness
from harness import ALICE, BOB, PASSWORD, wait_for
from sink import Sink

try:
    import dkim
except ImportError:
    dkim = None

# All mail here comes from 127.0.0.1.
ZONES = {
    "good.test": '@ TXT "v=spf1 ip4:127.0.0.1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\nclient A 127.0.0.1\n'
                 'client TXT "v=spf1 a -all"\n',
    "signed.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
    "reject.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
    "quarantine.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=quarantine"\n',
    "none.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=none"\n',
    "spf.test": '@ TXT "v=spf1 -all exp=why.%{d}"\nwhy TXT "ask postmaster"\n',
    # refused.test is in none of the zones.
    "broken.test": '@ TXT "v=spf1 include:refused.test -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
    "report.test": '@ TXT "v=spf1 ip4:127.0.0.1 -all"\n_dmarc TXT "v=DMARC1; p=none; rua=mailto:alice@example.test"\n',
    "example.test": 'report.test._report._dmarc TXT "v=DMARC1"\n',
    "127.in-addr.arpa": "1.0.0 PTR client.good.test.\n",
}
SETTINGS = """
relay: {host: 127.0.0.1, port: @SINK@, tls: none, domains: [next.test]}
dmarc_reports: {send: true, organization: Ours}
sender_policy:
  domains:
    - {domain: mild.test, dmarc: tag}
    - {domain: strict.test, spf: reject}
"""


class Verify(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="waxwing-")
        cls.addClassCleanup(folder.cleanup)
        cls.key = os.path.join(folder.name, "key.pem")
        cls.openssl("genrsa", "-out", cls.key, "2048")
        public = base64.b64encode(cls.openssl("rsa", "-in", cls.key, "-pubout", "-outform", "DER")).decode()
        zones = dict(ZONES)
        zones["signed.test"] += f's1._domainkey TXT "v=DKIM1; k=rsa; p={public[:150]}" "{public[150:]}"\n'
        cls.names = dns.NameServer(zones)
        cls.addClassCleanup(cls.names.discard)
        cls.names.start()
        cls.sink = Sink(("127.0.0.1", 0))
        cls.addClassCleanup(cls.sink.close)
        cls.settings = cls.names.settings(anchor="none") + SETTINGS.replace("@SINK@", str(cls.sink.address[1]))
        super().setUpClass()
        for domain in ("mild.test", "strict.test"):
            cls.server.command("domain", "add", domain)
            cls.server.command("account", "add", f"bob@{domain}", "--password-stdin", text=PASSWORD + "\n")

    @staticmethod
    def openssl(*arguments, text=None):
        return subprocess.run(["openssl", *arguments], input=text, capture_output=True, check=True, timeout=60).stdout

    def signed(self, text):
        """With a signature by s1 of signed.test: simple/simple, From and Subject.  RFC 6376 section 3.4"""
        header, body = text.split(b"\r\n\r\n", 1)
        digest = base64.b64encode(self.openssl("dgst", "-sha256", "-binary", text=body)).decode()
        field = f"DKIM-Signature: v=1; a=rsa-sha256; d=signed.test; s=s1; h=from:subject; bh={digest}; b="
        lines = {line.split(b":")[0].lower(): line for line in header.split(b"\r\n")}
        hashed = b"".join(lines[name] + b"\r\n" for name in (b"from", b"subject")) + field.encode()
        value = self.openssl("dgst", "-sha256", "-sign", self.key, text=hashed)
        return (field + base64.b64encode(value).decode() + "\r\n").encode() + text

    def text(self, domain, subject, more=""):
        return (f"{more}From: someone@{domain}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nHello.\r\n").encode()

    def send(self, text, sender, to=(BOB,), helo="client.good.test"):
        """Done, or the refusal."""
        with smtplib.SMTP("127.0.0.1", self.server.port(25), local_hostname=helo, timeout=60) as client:
            try:
                client.sendmail(sender, to, text)
                return None
            except smtplib.SMTPDataError as error:
                return error.smtp_code, error.smtp_error.decode()

    def found(self, subject, user=BOB):
        """The mailbox that the message lies in, and the message."""
        with imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=30) as client:
            client.starttls(self.server.tls())
            client.login(user, PASSWORD)
            for mailbox in ("INBOX", "Junk"):
                if client.select(mailbox, readonly=True)[0] != "OK":
                    continue
                for number in client.search(None, "SUBJECT", subject)[1][0].split():
                    return mailbox, email.message_from_bytes(client.fetch(number, "(BODY.PEEK[])")[1][0][1])
        return None

    def results(self, subject, user=BOB):
        mailbox, message = self.found(subject, user)
        first = message.get_all("Authentication-Results")[0]
        self.assertTrue(first.startswith("localhost;"), first)
        return mailbox, re.sub(r"\s+", " ", first)

    def test_spf_proves_the_author(self):
        self.assertIsNone(self.send(self.text("good.test", "spf-good"), "bounce@good.test"))
        mailbox, results = self.results("spf-good")
        self.assertEqual(mailbox, "INBOX")
        self.assertEqual(results, "localhost; iprev=pass policy.iprev=127.0.0.1; spf=pass smtp.mailfrom=bounce@good.test; "
                                  "spf=pass smtp.helo=client.good.test; dkim=none; "
                                  "dmarc=pass header.from=good.test policy.dmarc=reject; arc=none smtp.remote-ip=127.0.0.1")

    def test_dkim_proves_the_author(self):
        text = self.signed(self.text("signed.test", "dkim-good"))
        self.assertIsNone(self.send(text, "list@none.test"))
        mailbox, results = self.results("dkim-good")
        self.assertEqual(mailbox, "INBOX")
        self.assertIn("dkim=pass header.d=signed.test header.s=s1 header.a=rsa-sha256 header.b=", results)
        self.assertIn("dmarc=pass header.from=signed.test", results)
        refused = self.send(text.replace(b"Hello", b"Hallo"), "list@none.test")
        self.assertEqual(refused[0], 550)
        self.assertTrue(refused[1].startswith("5.7.26 "), refused)
        self.assertIn("signed.test", refused[1])

    def test_a_large_message_is_read_once(self):
        text = self.signed(self.text("signed.test", "dkim-large") + (b"x" * 78 + b"\r\n") * 200_000)
        self.assertIsNone(self.send(text, "list@none.test"))
        self.assertIn("dkim=pass", self.results("dkim-large")[1])

    def test_mail_that_fails_is_treated_as_its_domain_asks(self):
        refused = self.send(self.text("reject.test", "dmarc-reject"), "a@reject.test")
        self.assertEqual((refused[0], refused[1][:6]), (550, "5.7.26"))
        self.assertIsNone(self.send(self.text("quarantine.test", "dmarc-quarantine"), "a@quarantine.test"))
        mailbox, results = self.results("dmarc-quarantine")
        self.assertEqual(mailbox, "Junk")
        self.assertIn("header.from=quarantine.test policy.dmarc=quarantine;", results)
        self.assertIsNone(self.send(self.text("none.test", "dmarc-none"), "a@none.test"))
        mailbox, results = self.results("dmarc-none")
        self.assertEqual(mailbox, "INBOX")
        self.assertIn("dmarc=fail", results)
        self.assertIsNone(self.found("dmarc-reject"))
        log = wait_for(lambda: [line for line in self.server.log().splitlines()
                                if "message refused" in line and "5.7.26" in line], "a line about the refusal")
        self.assertIn("check=sender", log[0])

    def test_each_domain_of_recipients_has_its_policy(self):
        self.assertIsNone(self.send(self.text("reject.test", "policy-mild"), "a@reject.test", ["bob@mild.test"]))
        self.assertEqual(self.results("policy-mild", "bob@mild.test")[0], "INBOX")
        self.assertIsNone(self.send(self.text("reject.test", "policy-both"), "a@reject.test", ["bob@mild.test", BOB]))
        self.assertEqual(self.results("policy-both", "bob@mild.test")[0], "INBOX")
        self.assertEqual(self.results("policy-both")[0], "Junk")
        self.assertIsNone(self.send(self.text("spf.test", "policy-spf"), "a@spf.test"))
        self.assertEqual(self.results("policy-spf")[0], "INBOX")
        refused = self.send(self.text("spf.test", "policy-strict"), "a@spf.test", ["bob@strict.test"])
        self.assertEqual((refused[0], refused[1][:6]), (550, "5.7.23"))
        self.assertIn("ask postmaster", refused[1])

    def test_a_dns_that_fails_is_never_for_good(self):
        refused = self.send(self.text("broken.test", "dns-policy"), "a@broken.test")
        self.assertEqual((refused[0], refused[1][:6]), (451, "4.7.24"))
        self.assertIsNone(self.send(self.text("refused.test", "dns-nothing"), "a@refused.test"))
        mailbox, results = self.results("dns-nothing")
        self.assertEqual(mailbox, "INBOX")
        self.assertIn("dmarc=temperror", results)

    def test_mail_from_nobody_and_without_an_author(self):
        self.assertIsNone(self.send(self.text("good.test", "null-sender"), ""))
        mailbox, results = self.results("null-sender")
        self.assertNotIn("smtp.mailfrom", results)
        self.assertIn("spf=pass smtp.helo=client.good.test", results)
        self.assertIsNone(self.send(self.text("good.test", "two-authors", "From: <x@spf.test>\r\n"), "a@good.test"))
        mailbox, results = self.results("two-authors")
        self.assertEqual(mailbox, "Junk")
        self.assertIn("dmarc=permerror", results)

    def test_forged_results_are_gone(self):
        forged = ("Authentication-Results: localhost; dkim=pass header.d=bank.test\r\n"
                  "Authentication-Results: (x) \"LocalHost\" 1;\r\n spf=pass\r\n"
                  "Authentication-Results: mx.other.test; spf=none\r\n")
        self.assertIsNone(self.send(self.text("good.test", "forged", forged), "a@good.test"))
        fields = self.found("forged")[1].get_all("Authentication-Results")
        self.assertEqual([field.split(";")[0] for field in fields], ["localhost", "mx.other.test"])
        with smtplib.SMTP("localhost", self.server.port(587)) as client:
            client.starttls(context=self.server.tls())
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, BOB, self.text("x", "forged-by-user", forged).replace(b"someone@x", ALICE.encode()))
        fields = self.found("forged-by-user")[1].get_all("Authentication-Results")
        self.assertEqual([field.split(";")[0] for field in fields], ["mx.other.test"])

    def test_reports_go_out_and_are_summed_up(self):
        for number in range(2):
            self.assertIsNone(self.send(self.text("report.test", f"reported-{number}"), "a@report.test"))
        counted = wait_for(lambda: json.loads(self.server.command("report", "dmarc", "report.test", "--json")), "the counts")
        self.assertEqual([(row["source"], row["messages"], row["spf"], row["dkim"]) for row in counted],
                         [("127.0.0.1", 2, "pass", "fail")])
        said = self.server.command("report", "dmarc", "report.test", "--send")
        self.assertIn("a report to report.test is sent: alice@example.test", said)
        mailbox, message = wait_for(lambda: self.found('"Report Domain: report.test"', ALICE), "the report")
        self.assertIn("nothing", self.server.command("report", "dmarc", "report.test"))
        path = os.path.join(self.server.folder, "report.eml")
        with open(path, "wb") as out:
            out.write(message.as_bytes())
        for where in (ALICE, path):
            summary = json.loads(self.server.command("report", "received", where, "--json"))
            self.assertEqual([report["organization"] for report in summary["reports"]], ["Ours"])
            source, = summary["sources"]
            self.assertEqual((source["domain"], source["source"], source["messages"], source["passed"]),
                             ("report.test", "127.0.0.1", 2, 2))

    @unittest.skipUnless(dkim, "no dkimpy")
    def test_what_an_alias_hands_on_is_sealed(self):
        self.server.command("alias", "add", "away@example.test", "carol@next.test")
        keys = {key["name"].rstrip("."): key["record"]
                for key in json.loads(self.server.command("domain", "keys", "example.test", "--json"))}
        find = lambda name, timeout=0: keys[name.decode().rstrip(".")].encode()
        self.assertIsNone(self.send(self.text("good.test", "handed-on"), "a@good.test", ["away@example.test"]))
        taken = wait_for(lambda: [m["data"] for m in list(self.sink.messages) if b"Subject: handed-on" in m["data"]],
                         "the message at the sink")[0]
        self.assertIn(b"ARC-Authentication-Results: i=1; localhost;", taken)
        result, _, reason = dkim.arc_verify(taken, dnsfunc=find)
        self.assertEqual(result, b"pass", reason)
        self.assertNotEqual(dkim.arc_verify(taken + b"more\r\n", dnsfunc=find)[0], b"pass")

    def test_the_trace_says_what_was_found(self):
        self.assertIsNone(self.send(self.text("none.test", "traced"), "traced@none.test"))
        wait_for(lambda: "dmarc=fail" in self.server.command("trace", "traced@none.test", check=False).stdout, "the trace")


class SilentDns(harness.LiveTest):
    """The name server is down."""

    @classmethod
    def setUpClass(cls):
        cls.settings = f"dns: {{server: 127.0.0.1@{harness.free_port()}, trust_anchor: none}}\n"
        super().setUpClass()

    def test_mail_still_comes_in(self):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=120) as client:
            client.sendmail("a@good.test", [BOB], "From: a@good.test\r\nSubject: silent\r\n\r\nx\r\n")
        with imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=30) as client:
            client.starttls(self.server.tls())
            client.login(BOB, PASSWORD)
            client.select("INBOX")
            text = client.fetch("1", "(BODY.PEEK[])")[1][0][1].decode()
        self.assertIn("spf=temperror", text)
        self.assertIn("dmarc=temperror", text)


if __name__ == "__main__":
    harness.main(tools=(*dns.TOOLS, "openssl"))
