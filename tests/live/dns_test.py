"""The resolver against a real name server with signed zones, through `waxwing check mx`: what is found,
what is proved, and what becomes of wrong keys and dead servers."""

import json
import os
import socket
import subprocess
import tempfile
import time
import unittest

import dns
import harness

DIGEST = "ab" * 32

SIGNED = f"""
@        MX 10 mx1
@        MX 20 mx2.plain.test.
mx1      A 127.0.0.2
mx1      AAAA ::1
_25._tcp.mx1    TLSA 3 1 1 {DIGEST}
_2525._tcp.mx1  TLSA 0 0 1 {DIGEST}
implicit A 127.0.0.3
silent   MX 0 .
aliased  MX 10 alias
alias    CNAME mx1
half     MX 10 alias2
alias2   CNAME mx2.plain.test.
_25._tcp.alias2 TLSA 3 1 1 {DIGEST}
empty    TXT "nothing else"
lost     MX 10 nowhere
changing MX 10 mx1
"""
PLAIN = """
@     MX 10 mx2
mx2   A 127.0.0.3
"""
WRONG_KEY = "example.test. IN DS 4711 13 2 " + "00" * 32 + "\n"


class Dns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        zones = {"example.test": SIGNED, "plain.test": PLAIN}
        cls.server = dns.NameServer(zones, signed=["example.test"])
        cls.addClassCleanup(cls.server.discard)
        cls.server.start()
        cls.folder = tempfile.TemporaryDirectory(prefix="waxwing-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.right = cls.server.settings()

    def check(self, domain, settings=None, options=(), seconds=60):
        """What `check mx` says, and whether that is an exit status of 0."""
        path = os.path.join(self.folder.name, "waxwing.yaml")
        with open(path, "w") as out:
            out.write(f"data_dir: {self.folder.name}/data\n" + (self.right if settings is None else settings))
        done = subprocess.run([harness.BINARY, "check", "mx", domain, "--config", path, "--json", *options],
                              capture_output=True, text=True, timeout=seconds)
        self.assertIsNone(harness.SANITIZER.search(done.stderr), done.stderr)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        said = json.loads(done.stdout)
        result = said if done.returncode == 0 else said["result"]
        self.assertEqual(done.returncode == 0, result["status"] == "found", done.stdout)
        return result

    def hosts(self, result):
        return {host["name"]: host for host in result["hosts"]}

    def test_signed_zone_with_the_right_key(self):
        found = self.check("example.test")
        self.assertEqual(found["validation"], "on")
        self.assertEqual(found["resolver"], self.server.address)
        self.assertTrue(found["secure"])
        self.assertEqual([host["name"] for host in found["hosts"]], ["mx1.example.test", "mx2.plain.test"])
        mx1, mx2 = found["hosts"]
        self.assertEqual(mx1["addresses"], ["::1", "127.0.0.2"])
        self.assertEqual((mx1["secure"], mx1["dane"], mx1["tlsa_base"]), (True, "usable", "mx1.example.test"))
        self.assertEqual(mx1["tlsa"], [{"usage": 3, "selector": 1, "matching": 1, "data": DIGEST}])
        self.assertEqual((mx2["secure"], mx2["dane"]), (False, "none"), "its zone is not signed")

    def test_tlsa_of_another_port(self):
        mx1 = self.check("example.test", options=["--port", "2525"])["hosts"][0]
        self.assertEqual((mx1["dane"], mx1["tlsa"]), ("unusable", []))
        mx1 = self.check("example.test", options=["--port", "26"])["hosts"][0]
        self.assertEqual(mx1["dane"], "none")

    def test_aliases_of_hosts(self):
        alias = self.hosts(self.check("aliased.example.test"))["alias.example.test"]
        self.assertEqual((alias["dane"], alias["tlsa_base"]), ("usable", "mx1.example.test"))
        alias = self.hosts(self.check("half.example.test"))["alias2.example.test"]
        self.assertEqual((alias["secure"], alias["dane"], alias["tlsa_base"]), (False, "usable", "alias2.example.test"))

    def test_zone_without_signatures(self):
        found = self.check("plain.test")
        self.assertFalse(found["secure"])
        self.assertEqual(self.hosts(found)["mx2.plain.test"]["addresses"], ["127.0.0.3"])

    def test_without_a_key_nothing_is_proved(self):
        found = self.check("example.test", self.server.settings(anchor="none"))
        self.assertEqual((found["validation"], found["secure"]), ("off", False))
        self.assertEqual(found["hosts"][0]["dane"], "none")

    def test_a_server_of_these_zones_only_proves_nothing_from_the_root(self):
        found = self.check("example.test", f"dns: {{server: {self.server.address}}}\n")
        self.assertEqual((found["validation"], found["secure"]), ("off", False))

    def test_with_a_wrong_key_nothing_is_found(self):
        path = os.path.join(self.folder.name, "wrong")
        with open(path, "w") as out:
            out.write(WRONG_KEY)
        failed = self.check("example.test", self.server.settings(anchor=path))
        self.assertEqual((failed["status"], failed["code"], failed["hosts"]), ("failed", "4.4.3", []))
        self.assertEqual(self.check("plain.test", self.server.settings(anchor=path))["status"], "found")

    def test_what_is_not_there(self):
        for domain, status, code in (("nowhere.example.test", "no-domain", "5.1.2"),
                                     ("silent.example.test", "null-mx", "5.1.10"),
                                     ("empty.example.test", "no-hosts", "5.4.4"),
                                     ("lost.example.test", "no-hosts", "5.4.4"),
                                     ("nowhere.plain.test", "no-domain", "5.1.2"),
                                     ("not a domain", "no-domain", "5.1.2"),
                                     ("refused.elsewhere", "failed", "4.4.3")):
            found = self.check(domain)
            self.assertEqual((found["status"], found["code"]), (status, code), domain)
            self.assertTrue(found["sentence"], domain)
        implicit = self.check("implicit.example.test")
        self.assertEqual((implicit["implicit"], implicit["secure"]), (True, True))

    def test_a_zone_that_changes(self):
        self.assertEqual(self.check("changing.example.test")["hosts"][0]["name"], "mx1.example.test")
        self.server.change("example.test", SIGNED.replace("changing MX 10 mx1", "changing MX 10 implicit"))
        found = self.check("changing.example.test")
        self.assertEqual((found["hosts"][0]["name"], found["secure"]), ("implicit.example.test", True))

    def test_a_server_that_is_down_and_comes_back(self):
        with dns.NameServer({"other.test": "@ A 127.0.0.2\n"}, signed=["other.test"]) as server:
            settings = server.settings()
            server.stop()
            start = time.monotonic()
            self.assertEqual(self.check("other.test", settings)["status"], "failed")
            self.assertLess(time.monotonic() - start, 20)
            server.start()
            self.assertEqual(self.check("other.test", settings)["status"], "found")

    def test_a_server_that_is_silent(self):
        with socket.socket(type=socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", harness.free_port()))
            settings = f"dns: {{server: 127.0.0.1@{silent.getsockname()[1]}, trust_anchor: none}}\n"
            start = time.monotonic()
            failed = self.check("example.test", settings)
            self.assertEqual(failed["status"], "failed")
            # Ten seconds and what a process needs to start and end on a busy machine.
            self.assertLess(time.monotonic() - start, 20)

    def test_from_the_root_on(self):
        program = os.path.join(os.path.dirname(harness.BINARY), "tests", "daemon_test")
        # `broken` is delegated with a key that it has not got.
        root = f"signed NS ns\nbroken NS ns\nbroken DS 4711 13 2 {'00' * 32}\n"
        zones = {".": root, "signed": "host A 127.0.0.2\n", "broken": "host A 127.0.0.2\n"}
        with dns.NameServer(zones, signed=[".", "signed"]) as server:
            with open(server.trust_anchor("signed")) as anchor:
                server.change(".", root + anchor.read())
            environment = {**os.environ, "WAXWING_TEST_ROOT_SERVER": server.address,
                           "WAXWING_TEST_ROOT_ANCHOR": server.trust_anchor(".")}
            done = subprocess.run([program, "--gtest_filter=UnboundResolver.ProvesFromTheRoot"], env=environment,
                                  capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("[  PASSED  ] 1 test.", done.stdout)
        self.assertNotIn("SKIPPED", done.stdout)

    def test_for_people(self):
        path = os.path.join(self.folder.name, "people.yaml")
        with open(path, "w") as out:
            out.write(self.right)
        said = subprocess.run([harness.BINARY, "check", "mx", "example.test", "--config", path],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r"mx1\.example\.test +10 +::1 127\.0\.0\.2 +secure +DANE, 1 TLSA of mx1\.example\.test")
        self.assertIn(f"asked: {self.server.address}, validation on", said.stdout)
        said = subprocess.run([harness.BINARY, "check", "mx", "silent.example.test", "--config", path],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 1)
        self.assertIn("silent.example.test says that it takes no mail. (5.1.10; asked: ", said.stderr)

    def test_a_key_that_is_none_is_found_out_early(self):
        path = os.path.join(self.folder.name, "early.yaml")
        with open(path, "w") as out:
            out.write("dns: {trust_anchor: not-there}\n")
        for command in (["check", "mx", "example.test"], ["check-config"]):
            said = subprocess.run([harness.BINARY, *command, "--config", path], capture_output=True, text=True, timeout=60)
            self.assertEqual(said.returncode, 1, command)
            self.assertIn(os.path.join(self.folder.name, "not-there"), said.stderr)


if __name__ == "__main__":
    harness.main(tools=dns.TOOLS)
