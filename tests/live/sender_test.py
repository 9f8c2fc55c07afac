"""Who sent it, against a real name server: `waxwing check spf`, for people and for programs."""

import json
import os
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
"""
OTHER = '@ TXT "v=spf1 ip4:198.51.100.0/24 -all"\n'


class Sender(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = dns.NameServer({"example.test": ZONE, "other.test": OTHER})
        cls.addClassCleanup(cls.server.discard)
        cls.server.start()
        cls.folder = tempfile.TemporaryDirectory(prefix="waxwing-")
        cls.addClassCleanup(cls.folder.cleanup)

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

    def test_a_silent_name_server_is_no_verdict(self):
        dead = f"dns: {{server: 127.0.0.1@{harness.free_port()}, trust_anchor: none}}\n"
        said = self.spf("192.0.2.25", "bob@example.test", settings=dead, status=1)
        self.assertEqual(said["result"]["result"], "temperror")

    def test_arguments_that_make_no_sense(self):
        said = self.run_check("spf", "--ip", "192.0.2", "--helo", "x.test", "--from", "", status=1)
        self.assertIn('"192.0.2" is no address', said)
        said = self.run_check("spf", "--ip", "192.0.2.1", "--helo", "x.test", "--from", "a b@c", status=1)
        self.assertIn('"a b@c" is no mail address', said)


if __name__ == "__main__":
    harness.main(tools=dns.TOOLS)
