"""Trusted networks: who is there sends to other servers without signing in, and nobody else does."""

import json
import os
import smtplib

import harness
from harness import ALICE, message, wait_for
from sink import Sink

TRUSTED, STRANGER = "127.0.0.9", "127.0.0.8"


class Relaying(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink(("127.0.0.1", 0))
        cls.addClassCleanup(cls.sink.close)
        cls.settings = ("relay:\n"
                        "  - {host: 127.0.0.2, user: waxwing, password_file: /no/password, tls: none,"
                        " domains: [locked.example]}\n"
                        f"  - {{host: 127.0.0.1, port: {cls.sink.address[1]}, tls: none}}\n"
                        f"trusted_networks: [{TRUSTED}]\n")
        super().setUpClass()

    def from_there(self, address, number=25):
        client = smtplib.SMTP("127.0.0.1", self.server.port(number), source_address=(address, 0))
        self.addCleanup(client.close)
        return client

    def test_who_is_trusted_sends_away(self):
        self.from_there(TRUSTED).sendmail("printer@lan.example", ["x@far.example"],
                                          "Subject: page\r\nBcc: secret@far.example\r\n\r\ndone\r\n")
        taken = wait_for(lambda: [m for m in self.sink.messages if b"Subject: page" in m["data"]], "the message")[0]
        self.assertEqual(taken["sender"], "printer@lan.example")
        self.assertIn(f"([{TRUSTED}])".encode(), taken["data"])
        self.assertIn(b"\r\nMessage-ID: <", taken["data"])
        self.assertIn(b"\r\nDate: ", taken["data"])
        self.assertNotIn(b"secret", taken["data"])
        wait_for(lambda: "trusted" in self.server.command("trace", "x@far.example", check=False).stdout, "the trace")

    def test_a_stranger_does_not(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.from_there(STRANGER).sendmail("printer@lan.example", ["x@far.example"], message("no"))
        self.assertEqual(refused.exception.recipients["x@far.example"][0], 550)
        self.assertTrue(refused.exception.recipients["x@far.example"][1].startswith(b"5.7.1 "))

    def test_a_stranger_may_still_write_to_us(self):
        self.from_there(STRANGER).sendmail("carol@far.example", [ALICE], message("yes", sender="carol@far.example"))

    def test_submission_wants_a_sign_in_from_everybody(self):
        client = self.from_there(TRUSTED, 587)
        client.ehlo()
        self.assertEqual(client.mail("printer@lan.example")[0], 530)

    def test_a_password_that_cannot_be_read_is_told_at_the_start(self):
        told = [line for line in self.server.log().splitlines() if "password_file /no/password cannot be read" in line]
        self.assertEqual(len(told), 1)
        self.assertIn("No such file or directory", told[0])
        refused = self.server.command("check-config", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("password_file /no/password", refused.stderr)

    def test_the_queue_goes_by_domains_behind_a_relay(self):
        self.from_there(TRUSTED).sendmail("printer@lan.example", ["x@locked.example"], message("locked"))
        queue = lambda *words: self.server.command("queue", *words)
        wait_for(lambda: "cannot be read" in queue("list"), "the first attempt")
        number = json.loads(queue("list", "--json"))[0]["id"]
        self.assertEqual(queue("hold", "locked.example").strip(), "1 delivery held until `waxwing queue retry`")
        self.assertIn("held already", queue("hold", "x@locked.example"))
        self.assertIn("state       held until", queue("show", number))
        self.assertIn("1 delivery tried now", queue("retry", "locked.example"))
        wait_for(lambda: self.server.command("queue", "remove", number, check=False).returncode == 0, "its removal")
        self.assertIn("to <x@locked.example>: removed by the administrator", self.server.command("trace", number))
        self.assertIn(f"removed id={number}", self.server.log())

    def test_check_config_warns_of_an_open_relay(self):
        path = os.path.join(self.server.folder, "open.yaml")
        with open(path, "w") as out:
            out.write("trusted_networks: [0.0.0.0/0, 10.0.0.0/8]\n")
        text = self.run_client(harness.BINARY, "check-config", "--config", path)
        self.assertIn("trusted_networks: 0.0.0.0/0 are addresses of strangers", text)
        self.assertNotIn("10.0.0.0/8", text)


if __name__ == "__main__":
    harness.main()
