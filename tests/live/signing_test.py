"""DKIM signing of what leaves: keys made with their domain, published as `domain dns` prints them, verified by OpenDKIM,
dkimpy, rspamd and this server itself, rotated while mail goes out."""

import json
import os
import re
import smtplib
import subprocess
import sys
import threading
import unittest

import dns
import harness
from harness import ALICE, BOB, PASSWORD, message, wait_for
from rspamd import Rspamd
from sink import Sink

DOMAIN = "example.test"
IDN = "b\u00fccher.test"
OTHERS = "mail A 127.0.0.1\n"  # what the owner of the zone has in it already
SETTINGS = """
hostname: mail.example.test
log: {{level: debug}}
queue: {{retry_min: 1s, retry_max: 2s}}
relay:
  - {{host: 127.0.0.1, port: {sink}, tls: none, domains: [far.test]}}
limits: {{free_space: 1MiB, messages_per_minute: 100000}}
{dns}
"""
VERIFIER = """
import sys, dkim
message = sys.stdin.buffer.read()
keys = dict(line.rstrip("\\n").split(" ", 1) for line in open(sys.argv[1]))
find = lambda name, timeout=0: keys[name.decode().rstrip(".")].encode()
for number in range(message.lower().count(b"dkim-signature:")):
    checker = dkim.DKIM(message)
    good = checker.verify(idx=number, dnsfunc=find)
    print(checker.signature_fields[b"a"].decode(), good)
"""


class Signing(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.names = dns.NameServer({DOMAIN: OTHERS, "xn--bcher-kva.test": "", "left.test": ""})
        cls.addClassCleanup(cls.names.discard)
        cls.names.start()
        cls.sink = Sink(("127.0.0.1", 0))
        cls.addClassCleanup(cls.sink.close)
        cls.settings = SETTINGS.format(sink=cls.sink.address[1], dns=cls.names.settings(anchor="none"))
        super().setUpClass()
        cls.publish()

    @classmethod
    def records(cls, domain=DOMAIN):
        return json.loads(cls.server.command("domain", "dns", domain, "--json"))

    @classmethod
    def publish(cls):
        """Loads what is printed for the zone into the name server, as an operator would."""
        cls.names.change(DOMAIN, OTHERS + cls.server.command("domain", "dns", DOMAIN))

    def keys(self, domain=DOMAIN):
        return json.loads(self.server.command("domain", "keys", domain, "--json"))

    def selectors(self, state):
        return {key["selector"] for key in self.keys() if key["state"] == state}

    def client(self):
        client = smtplib.SMTP("localhost", self.server.port(587))
        self.addCleanup(client.close)
        client.starttls(context=self.server.tls())
        client.login(ALICE, PASSWORD)
        return client

    def taken(self, subject):
        find = lambda: [m for m in list(self.sink.messages) if f"Subject: {subject}\r\n".encode() in m["data"]]
        return wait_for(find, f"{subject} at the sink", 30)[0]["data"]

    def sent(self, subject, **how):
        self.client().sendmail(ALICE, "carol@far.test", message(subject, to="carol@far.test", **how).encode())
        return self.taken(subject)

    def verdicts(self, text):
        """What a receiver that runs this program finds."""
        path = os.path.join(self.scratch("messages"), "message.eml")
        with open(path, "wb") as out:
            out.write(text)
        found = json.loads(self.server.command("check", "dkim", path, "--json"))
        return [(one["result"], one["domain"], one["selector"], one["algorithm"]) for one in found["signatures"]]

    def assert_verifies(self, text):
        verdicts = self.verdicts(text)
        self.assertEqual([(v[0], v[1], v[3]) for v in verdicts],
                         [("pass", DOMAIN, "rsa-sha256"), ("pass", DOMAIN, "ed25519-sha256")], verdicts)
        return {v[2] for v in verdicts}

    def key_file(self):
        path = os.path.join(self.scratch("messages"), "keys")
        with open(path, "w") as out:
            out.writelines(f"{key['name']} {key['record']}\n" for key in self.keys())
        return path

    def test_a_name_server_loads_what_is_printed(self):
        loaded = {}
        for line in self.names.read(DOMAIN):
            name, _, kind, data = line.split(" ", 3)
            loaded.setdefault((name, kind), set()).add(data)
        records = self.records()
        for record in records:
            data = record["data"].lower() if record["type"] == "TLSA" else record["data"]
            there = {entry.lower() if record["type"] == "TLSA" else entry
                     for entry in loaded.get((record["name"], record["type"]), ())}
            self.assertIn(data, there, record)
        self.assertEqual({record["type"] for record in records}, {"MX", "TXT", "SRV", "TLSA"})
        for text in ("v=spf1 ", "v=DMARC1; p=none; rua=mailto:postmaster@example.test", "v=STSv1; ", "v=TLSRPTv1; "):
            self.assertEqual(sum(r.get("text", "").startswith(text) for r in records), 2 if "spf1" in text else 1, text)
        self.assertEqual(sum("._domainkey." in r["name"] for r in records), len(self.keys()))

    def test_the_tlsa_record_is_of_the_certificate_that_is_shown(self):
        shown = subprocess.run(f"openssl x509 -in {self.server.certificate()} -noout -pubkey | openssl pkey -pubin -outform DER"
                               " | openssl dgst -sha256 -r", shell=True, capture_output=True, text=True, timeout=60)
        tlsa, = [r["data"] for r in self.records() if r["type"] == "TLSA"]
        self.assertEqual(tlsa, "3 1 1 " + shown.stdout.split()[0])

    def test_an_international_domain_is_printed_in_a_labels(self):
        self.server.command("domain", "add", IDN)
        printed = self.server.command("domain", "dns", IDN)
        self.assertTrue(printed.isascii(), printed)
        self.names.change("xn--bcher-kva.test", printed)
        self.assertTrue(any(line.startswith("xn--bcher-kva.test. ") and " MX 10 mail.example.test." in line
                            for line in self.names.read("xn--bcher-kva.test")))
        self.assertNotIn("TLSA", printed, "the host is in another zone")

    def test_check_domain_finds_what_the_dns_does_not_say(self):
        self.publish()
        said = json.loads(self.server.command("check", "domain", DOMAIN, "--json"))
        self.assertEqual(said["differences"], [])
        printed = self.server.command("domain", "dns", DOMAIN)
        self.addCleanup(self.publish)
        self.names.change(DOMAIN, OTHERS + re.sub(r"MX 10 .*", "MX 10 old.far.test.", re.sub(r"(?m)^_dmarc.*\n", "", printed)))
        done = self.server.command("check", "domain", DOMAIN, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("example.test. MX: mail goes to old.far.test and not to mail.example.test\n", done.stderr)
        self.assertIn("_dmarc.example.test. TXT: there is no DMARC record\n", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 4, done.stderr)

    def test_what_arrives_verifies_here(self):
        for subject, body in (("plain", "A line.\r\n"), ("eight-bit", "caf\u00e9 \r\n \r\n\r\n"),
                              ("large", ("x" * 70 + "\r\n") * 60000)):
            text = self.sent(subject, body=body)
            self.assert_verifies(text)
            self.assertTrue(all(v[0] == "fail" for v in self.verdicts(text + b"more\r\n")))

    def test_what_stays_here_is_not_signed(self):
        self.client().sendmail(ALICE, [BOB], message("stays").encode())
        folder = os.path.join(self.server.data_dir, "accounts", DOMAIN, "bob", "Maildir", "cur")
        def found():
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                with open(os.path.join(folder, name), "rb") as file:
                    text = file.read()
                if b"Subject: stays\r\n" in text:
                    return text
            return None
        self.assertNotIn(b"DKIM-Signature", wait_for(found, "the message of bob"))

    def test_opendkim_verifies_it(self):
        text = self.sent("for-opendkim")
        folder = self.scratch("opendkim")
        with open(os.path.join(folder, "message"), "wb") as out:
            out.write(text)
        with open(os.path.join(folder, "conf"), "w") as out:
            out.write("Syslog no\nRequireSafeKeys no\nMode v\nAlwaysAddARHeader yes\nAuthservID here\n"
                      f"TestDNSData file:{self.key_file()}\n")
        done = subprocess.run(["opendkim", "-x", "conf", "-t", "message", "-vvv"], cwd=folder, capture_output=True, text=True,
                              timeout=60)
        self.assertIn("dkim=pass (2048-bit key", done.stdout, done.stderr)

    def test_dkimpy_verifies_both_signatures(self):
        verify = lambda text: subprocess.run([sys.executable, "-c", VERIFIER, self.key_file()], input=text,
                                             capture_output=True, timeout=60)
        done = verify(self.sent("for-dkimpy"))
        self.assertEqual(done.stdout.decode().split("\n"), ["rsa-sha256 True", "ed25519-sha256 True", ""], done.stderr)

    def test_rspamd_verifies_both_signatures(self):
        self.publish()
        text = self.sent("for-rspamd")
        other = Rspamd(self.names.port)
        self.addCleanup(other.discard)
        other.start()
        found = other.dkim(text)
        self.assertEqual(set(found), {"R_DKIM_ALLOW"}, found)
        self.assertEqual({entry.split(":s=")[1] for entry in found["R_DKIM_ALLOW"]}, self.selectors("active"), found)
        self.assertIn("R_DKIM_REJECT", other.dkim(text + b"more\r\n"))

    def test_what_rspamd_signed_verifies_by_the_key_that_was_taken_over(self):
        key = os.path.join(self.scratch("rspamd"), "left.pem")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], capture_output=True, timeout=60, check=True)
        self.server.command("domain", "add", "left.test")
        with open(key) as pem:
            self.server.command("domain", "keys", "left.test", "import", "rs", text=pem.read())
        self.names.change("left.test", self.server.command("domain", "dns", "left.test"))
        other = Rspamd(self.names.port, key, "rs")
        self.addCleanup(other.discard)
        other.start()
        text = other.signed(message("by-rspamd", sender="alice@left.test").encode())
        self.assertEqual(self.verdicts(text), [("pass", "left.test", "rs", "rsa-sha256")])
        self.assertEqual(self.verdicts(text + b"more\r\n")[0][0], "fail")

    def test_bounces_are_signed_by_the_domain_above_the_host(self):
        self.server.command("alias", "add", "away@example.test", "gone@far.test")
        self.sink.rules["gone"] = [b"550 5.1.1 nobody"]
        with smtplib.SMTP("localhost", self.server.port(25)) as stranger:
            stranger.sendmail("dave@far.test", "away@example.test", message("bounces", sender="dave@far.test"))
        find = lambda: [m for m in list(self.sink.messages) if m["recipients"] == ["dave@far.test"]]
        bounce = wait_for(find, "the bounce", 30)[0]
        self.assertEqual(bounce["sender"], "")
        self.assertIn(b"postmaster@mail.example.test", bounce["data"])
        self.assert_verifies(bounce["data"])

    def test_keys_rotate_while_mail_goes_out(self):
        self.publish()
        before = self.selectors("active")
        stop = threading.Event()
        subjects, troubles = [], []

        def send():
            try:
                client = self.client()
                while not stop.is_set():
                    subject = f"rotation-{len(subjects)}"
                    client.sendmail(ALICE, "carol@far.test", message(subject, to="carol@far.test"))
                    subjects.append(subject)
            except Exception as trouble:  # a thread's failure fails no test by itself
                troubles.append(trouble)

        def more():
            """Waits until messages have gone out after this moment."""
            count = len(subjects)
            wait_for(lambda: troubles or len(subjects) >= count + 3, "more messages")

        sender = threading.Thread(target=send)
        sender.start()
        try:
            more()
            rotated = self.server.command("domain", "keys", DOMAIN, "rotate")
            following = self.selectors("next")
            for selector in following:
                self.assertIn(f"{selector}._domainkey.example.test. 3600 IN TXT", rotated)
            refused = self.server.command("domain", "keys", DOMAIN, "activate", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("the key is not published", refused.stderr)
            more()
            self.publish()
            self.server.command("domain", "keys", DOMAIN, "activate")
            more()
        finally:
            stop.set()
            sender.join()
        self.assertEqual(troubles, [])
        used = [frozenset(self.assert_verifies(self.taken(subject))) for subject in subjects]
        self.assertEqual(set(used), {frozenset(before), frozenset(following)})
        self.assertEqual(used, sorted(used, key=lambda keys: keys == frozenset(following)), "never back")
        self.assertEqual((self.selectors("active"), self.selectors("retired")), (following, before))
        for selector in before:
            self.server.command("domain", "keys", DOMAIN, "remove", selector)
        self.publish()
        self.assertEqual(self.selectors("retired"), set())
        self.assert_verifies(self.sent("after-the-rotation"))

    def test_a_key_is_taken_over_from_other_software(self):
        made = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, timeout=60, check=True).stdout
        self.server.command("domain", "add", "moved.test")
        said = self.server.command("domain", "keys", "moved.test", "import", "Default", text=made)
        self.assertIn('default._domainkey.moved.test. 3600 IN TXT "v=DKIM1; k=rsa; p=', said)
        states = {(key["selector"], key["state"]) for key in self.keys("moved.test")}
        self.assertIn(("default", "active"), states)
        self.assertEqual(sorted(state for _, state in states), ["active", "active", "retired"])
        refused = self.server.command("domain", "keys", "moved.test", "import", "other", text="no key\n", check=False)
        self.assertEqual((refused.returncode, refused.stderr), (1, "waxwing: this is no private key in PEM\n"))
        for text in (said, self.server.log()):
            self.assertNotIn("PRIVATE KEY", text)
            self.assertNotIn(made.split("\n")[3], text)

    def test_usage_is_told(self):
        for arguments in (("remove",), ("rotate", "s1"), ("--force",), ("turn",)):
            done = self.server.command("domain", "keys", DOMAIN, *arguments, check=False)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))

    def test_zz_all_of_it_works_without_a_daemon(self):
        running = (self.keys(), self.records())
        self.server.stop()
        try:
            self.assertEqual((self.keys(), self.records()), running)
            said = json.loads(self.server.command("check", "domain", DOMAIN, "--json"))
            self.assertEqual(said["differences"], [])
        finally:
            self.server.start()
        self.assert_verifies(self.sent("after-a-restart"))


if __name__ == "__main__":
    try:
        import dkim, nacl  # noqa: F401, E401 (for dkimpy and its Ed25519)
    except ImportError as missing:
        harness.skip(str(missing))
    harness.main(tools=(*dns.TOOLS, "openssl", "opendkim", "rspamd"))
