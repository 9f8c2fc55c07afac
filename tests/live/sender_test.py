"""Who sent it, against a real name server: `waxwing check spf`, `check dkim` of what OpenDKIM signs, and
`check dmarc`, for people and for programs."""

import base64
import json
import os
import re
import subprocess
import tempfile
import unittest

import dns
import harness

ZONE = """
@        TXT "v=spf1 mx a:%{l1r+}.users.%{d} inc" "lude:other.test -all exp=why.%{d}"
@        MX 10 mx1
mx1      A 192.0.2.25
mx1      AAAA 2001:db8::25
alice.users A 192.0.2.26
why      TXT "%{i} is not one of ours"
double   TXT "v=spf1 -all"
double   TXT "v=spf1 +all"
helo     TXT "v=spf1 a -all"
helo     A 192.0.2.26
_dmarc   TXT "v=DMARC1; p=reject; sp=quarantine; adkim=s"
sub      TXT "v=spf1 a:mx1.example.test -all"
broken._domainkey TXT "v=DKIM1; p="
"""
MESSAGE = """\
Received: from somewhere; Thu, 1 Jan 2026 00:00:00 +0000
From: Alice <alice@example.test>
To: Bob <bob@other.test>
Subject: folded,
\tand  wide
Date: Thu, 1 Jan 2026 00:00:00 +0000
Message-ID: <1@example.test>

Hello  Bob, \t
 how are you?\t

.
\t

"""
OTHER = '@ TXT "v=spf1 ip4:198.51.100.0/24 -all"\n'


class Sender(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="waxwing-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.key = os.path.join(cls.folder.name, "key.pem")
        cls.openssl("genrsa", "-out", cls.key, "2048")
        public = base64.b64encode(cls.openssl("rsa", "-in", cls.key, "-pubout", "-outform", "DER")).decode()
        key = f'od._domainkey TXT "v=DKIM1; k=rsa; p={public[:150]}" "{public[150:]}"\n'
        cls.server = dns.NameServer({"example.test": ZONE + key, "other.test": OTHER})
        cls.addClassCleanup(cls.server.discard)
        cls.server.start()

    @staticmethod
    def openssl(*arguments):
        return subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=60).stdout

    def opendkim(self, message, *lines):
        """What the filter OpenDKIM says that it does with a message, in its own test mode."""
        folder = tempfile.mkdtemp(prefix="waxwing-opendkim-", dir=self.folder.name)
        with open(os.path.join(folder, "message"), "wb") as out:
            out.write(message)
        with open(os.path.join(folder, "conf"), "w") as out:
            out.write("\n".join(("Syslog no", "RequireSafeKeys no", "InternalHosts 0.0.0.0/0", *lines)) + "\n")
        done = subprocess.run(["opendkim", "-x", "conf", "-t", "message", "-vvv"], cwd=folder, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def signed(self, selector="od", form="relaxed/relaxed", message=MESSAGE, algorithm="rsa-sha256"):
        """The message with a signature of OpenDKIM."""
        message = message.replace("\n", "\r\n").encode()
        said = self.opendkim(message, "Mode s", "Domain example.test", f"Selector {selector}", f"KeyFile {self.key}",
                             f"Canonicalization {form}", f"SignatureAlgorithm {algorithm}")
        value = re.search(r"hname='DKIM-Signature' hvalue='([^']+)'", said)[1]
        return b"DKIM-Signature: " + value.replace("\n", "\r\n").encode() + b"\r\n" + message

    def message_file(self, message):
        path = os.path.join(self.folder.name, "message.eml")
        with open(path, "wb") as out:
            out.write(message)
        return path

    def dkim(self, message, status=0, **how):
        return json.loads(self.run_check("dkim", self.message_file(message), "--json", status=status, **how))

    def dmarc(self, message, ip, sender):
        return json.loads(self.run_check("dmarc", self.message_file(message), "--ip", ip, "--helo", "helo.example.test",
                                         "--from", sender, "--json"))

    def run_check(self, *arguments, settings=None, status=0):
        path = os.path.join(self.folder.name, "waxwing.yaml")
        with open(path, "w") as out:
            out.write(f"data_dir: {self.folder.name}/data\n" + (settings or self.server.settings(anchor="none")))
        done = subprocess.run([harness.BINARY, "check", *arguments, "--config", path],
                              capture_output=True, text=True, timeout=60)
        self.assertIsNone(harness.SANITIZER.search(done.stderr), done.stderr)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def spf(self, ip, sender, **how):
        said = self.run_check("spf", "--ip", ip, "--helo", "helo.example.test", "--from", sender, "--json", **how)
        return json.loads(said)

    def test_spf(self):
        for ip, sender, result in (("192.0.2.25", "bob@example.test", "pass"), ("2001:db8::25", "bob@example.test", "pass"),
                                   ("192.0.2.26", "alice+list@example.test", "pass"), ("192.0.2.26", "bob@example.test", "fail"),
                                   ("198.51.100.7", "bob@example.test", "pass"), ("192.0.2.27", "bob@example.test", "fail"),
                                   ("192.0.2.26", "", "pass"), ("192.0.2.25", "bob@none.example.test", "none"),
                                   ("192.0.2.25", "bob@double.example.test", "permerror")):
            self.assertEqual(self.spf(ip, sender)["result"], result, (ip, sender))
        found = self.spf("192.0.2.27", "bob@example.test")
        self.assertEqual(found["record"], "v=spf1 mx a:%{l1r+}.users.%{d} include:other.test -all exp=why.%{d}")
        self.assertEqual((found["mechanism"], found["explanation"]), ("-all", "192.0.2.27 is not one of ours"))
        self.assertEqual((found["helo"]["result"], found["resolver"]), ("fail", self.server.address))

    def test_spf_for_people(self):
        said = self.run_check("spf", "--ip", "192.0.2.25", "--helo", "helo.example.test", "--from", "bob@example.test")
        self.assertIn("result: pass\nidentity: MAIL FROM, example.test\nrecord: v=spf1 mx ", said)
        self.assertIn("why: 192.0.2.25 is mx1.example.test, an MX of example.test: \"mx\" of example.test\n", said)
        self.assertIn("asked: " + self.server.address, said)

    def test_dkim_of_opendkim(self):
        for form in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"):
            message = self.signed(form=form)
            found = self.dkim(message)
            self.assertEqual(found["result"], "pass", (form, found))
            one, = found["signatures"]
            self.assertEqual((one["domain"], one["selector"], one["algorithm"], one["key_bits"]),
                             ("example.test", "od", "rsa-sha256", 2048))
            self.assertTrue(one["record"].startswith("v=DKIM1; k=rsa; p=M"), one)
            self.assertEqual(self.dkim(message.replace(b"Hello", b"Hallo"))["result"], "fail")
            self.assertEqual(self.dkim(message.replace(b"Alice", b"Elice"))["result"], "fail")
            spaced = self.dkim(message.replace(b"Hello  Bob", b"Hello Bob"))["result"]
            self.assertEqual(spaced, "pass" if form.endswith("/relaxed") else "fail", form)
        self.assertEqual(self.dkim(message.replace(b"\r\n", b"\n"))["result"], "pass", "a file with other line ends")

    def test_dkim_without_a_good_key(self):
        found = self.dkim(self.signed(algorithm="rsa-sha1"))
        self.assertEqual((found["result"], found["signatures"][0]["reason"]), ("permerror", "SHA-1 proves nothing"))
        for selector, reason in (("broken", "the key is revoked"), ("nowhere", "there is no key")):
            found = self.dkim(self.signed(selector))
            self.assertEqual((found["result"], found["signatures"][0]["reason"]), ("permerror", reason))
        self.assertEqual(self.dkim(MESSAGE.encode()), {"result": "none", "signatures": [], "resolver": self.server.address})

    def test_opendkim_verifies_what_is_signed_here(self):
        folder = os.path.join(self.folder.name, "signed")
        os.mkdir(folder)
        program = os.path.join(os.path.dirname(harness.BINARY), "tests", "auth_test")
        done = subprocess.run([program, "--gtest_filter=DkimSign.WritesForAnotherVerifier"], capture_output=True, text=True,
                              env={**os.environ, "WAXWING_TEST_SIGN": folder}, timeout=120)
        self.assertIn("[  PASSED  ] 1 test.", done.stdout, done.stderr)
        with open(os.path.join(folder, "message"), "rb") as file:
            message = file.read()
        verify = ("Mode v", f"TestDNSData file:{folder}/keys", "AlwaysAddARHeader yes", "AuthservID here")
        self.assertIn("dkim=pass (2048-bit key", self.opendkim(message, *verify))
        self.assertNotIn("dkim=pass", self.opendkim(message.replace(b"hungry", b"thirsty"), *verify))

    def test_dkim_of_a_large_message(self):
        message = self.signed(message=MESSAGE + "x" * 70 + "\n" + ("y" * 70 + "\n") * 40000)
        self.assertEqual(self.dkim(message)["result"], "pass")
        self.assertEqual(self.dkim(message[:-10] + b"z" + message[-9:])["result"], "fail")

    def test_dmarc(self):
        message = self.signed()
        plain = MESSAGE.encode()
        found = self.dmarc(message, "203.0.113.9", "bounce@other.test")
        self.assertEqual((found["result"], found["dkim_aligned"], found["spf_aligned"]), ("pass", True, False), found)
        found = self.dmarc(plain, "192.0.2.25", "bounce@sub.example.test")
        self.assertEqual((found["result"], found["dkim_aligned"], found["spf_aligned"]), ("pass", False, True), found)
        found = self.dmarc(plain, "203.0.113.9", "bounce@other.test")
        self.assertEqual((found["result"], found["policy"], found["disposition"]), ("fail", "reject", "reject"))
        self.assertEqual(found["record"], "v=DMARC1; p=reject; sp=quarantine; adkim=s")
        self.assertEqual(found["spf"]["result"], "fail")
        found = self.dmarc(message.replace(b"alice@example.test", b"alice@sub.example.test"), "203.0.113.9", "x@other.test")
        self.assertEqual((found["result"], found["disposition"], found["record_domain"]),
                         ("fail", "quarantine", "example.test"))
        found = self.dmarc(plain.replace(b"From: ", b"From: x@example.test\nFrom: "), "192.0.2.25", "x@example.test")
        self.assertEqual((found["result"], found["disposition"]), ("permerror", "none"))
        self.assertIn("2 From fields", found["reason"])

    def test_dkim_and_dmarc_for_people(self):
        path = self.message_file(self.signed())
        said = self.run_check("dkim", path)
        self.assertIn("result: pass\nsigned by: @example.test\nalgorithm: rsa-sha256, 2048 bits\n", said)
        self.assertIn("published at: od._domainkey.example.test\nwhy: the signature is good\n", said)
        said = self.run_check("dmarc", path, "--ip", "192.0.2.25", "--helo", "x.test", "--from", "a@example.test")
        self.assertIn("DMARC\nresult: pass\nauthor: example.test\n", said)
        self.assertIn("published at: _dmarc.example.test\npolicy: reject\nto be done: none\nwhy: signed by example.test\n", said)
        self.assertIn("SPF\nresult: pass\n", said)
        said = self.run_check("dkim", os.path.join(self.folder.name, "none.eml"), status=1)
        self.assertIn("cannot read ", said)

    def test_a_silent_name_server_is_no_verdict(self):
        dead = f"dns: {{server: 127.0.0.1@{harness.free_port()}, trust_anchor: none}}\n"
        said = self.spf("192.0.2.25", "bob@example.test", settings=dead, status=1)
        self.assertEqual(said["result"]["result"], "temperror")
        said = self.dkim(self.signed(), settings=dead, status=1)
        self.assertEqual(said["result"]["result"], "temperror")

    def test_arguments_that_make_no_sense(self):
        said = self.run_check("spf", "--ip", "192.0.2", "--helo", "x.test", "--from", "", status=1)
        self.assertIn('"192.0.2" is no address', said)
        said = self.run_check("spf", "--ip", "192.0.2.1", "--helo", "x.test", "--from", "a b@c", status=1)
        self.assertIn('"a b@c" is no mail address', said)


if __name__ == "__main__":
    harness.main(tools=(*dns.TOOLS, "openssl", "opendkim"))
