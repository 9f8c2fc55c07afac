"""Every class of reply, at every stage of a conversation with another server: what is temporary is tried
again, what is for good is told to the sender with the server's own words, and what is neither costs
nothing but time."""

import email
import imaplib
import json
import smtplib
import socket
import threading
import unittest

import harness
from harness import ALICE, PASSWORD, message, wait_for

STAGES = ("greeting", "ehlo", "mail", "rcpt", "data", "end")
# What the server says there, and what becomes of the message.
TEMPORARY, FINAL = "temporary", "final"
ANSWERS = {
    "421": (b"421 4.3.2 closing now\r\n", TEMPORARY),
    "4xx": (b"451 4.7.1 not now\r\n", TEMPORARY),
    "4xx in lines": (b"451-4.7.1 not\r\n451 4.7.1 now\r\n", TEMPORARY),
    "5xx": (b"554 5.7.1 never here\r\n", FINAL),
    "5xx in lines": (b"554-5.7.1 never\r\n554 5.7.1 here\r\n", FINAL),
    "5xx without a status": (b"550 never here\r\n", FINAL),
    "1xx": (b"150 what\r\n", TEMPORARY),
    "3xx": (b"334 go on\r\n", TEMPORARY),
    "6xx": (b"650 no such class\r\n", TEMPORARY),
    "no reply at all": (b"", TEMPORARY),
    "no SMTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", TEMPORARY),
    "binary": (b"\0\x01\x02\xff\r\n", TEMPORARY),
    "two codes in one reply": (b"250-fine\r\n550 not fine\r\n", TEMPORARY),
    "a line without end": (b"250 " + b"x" * 100_000, TEMPORARY),
    "lines without end": (b"250-x\r\n" * 20_000, TEMPORARY),
}
# A server that refuses to be one at its greeting or at EHLO says so of itself, not of the message:
# another of its kind, or the same tomorrow, may take it.
ITSELF = ("greeting", "ehlo")


class OddServer:
    """Fine but for one stage, there as told; from the second connection on it is fine altogether."""

    def __init__(self, stage, answer, stays_odd):
        self.stage, self.answer, self.stays_odd = stage, answer, stays_odd
        self.connections = 0
        self.messages = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client, self.stays_odd or self.connections == 1),
                             daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()

    def serve(self, client, is_odd):
        try:
            self.talk(client, client.makefile("rb"), is_odd)
        except OSError:
            pass
        finally:
            client.close()

    def talk(self, client, lines, is_odd):
        def say(stage, text):
            """False: the conversation is over."""
            if not is_odd or stage != self.stage:
                client.sendall(text)
                return True
            client.sendall(self.answer)
            return bool(self.answer) and not self.answer.startswith((b"421", b"HTTP"))

        if not say("greeting", b"220 odd ESMTP\r\n"):
            return
        for line in lines:
            verb = line[:4].upper()
            if verb == b"QUIT":
                return client.sendall(b"221 bye\r\n")
            stage = {b"EHLO": "ehlo", b"MAIL": "mail", b"RCPT": "rcpt", b"DATA": "data"}.get(verb)
            text = {b"DATA": b"354 go\r\n", b"HELO": b"250 odd\r\n"}.get(verb, b"250 2.0.0 fine\r\n")
            if verb == b"HELO" and self.stage == "ehlo":
                stage = "ehlo"
            if not say(stage, text):
                return
            if verb != b"DATA" or (is_odd and self.stage == "data"):
                continue
            data = []
            for part in lines:
                if part == b".\r\n":
                    break
                data.append(part)
            if not is_odd or self.stage != "end":
                self.messages.append(b"".join(data))
            if not say("end", b"250 2.0.0 taken\r\n"):
                return


class Replies(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        cls.servers = {}
        relays = []
        for stage in STAGES:
            for number, (name, (answer, kind)) in enumerate(ANSWERS.items()):
                is_final = kind == FINAL and stage not in ITSELF
                server = OddServer(stage, answer, is_final)
                domain = f"{stage}{number}.example"
                cls.servers[stage, name] = (server, domain, is_final)
                relays.append(f"  - {{host: 127.0.0.1, port: {server.port}, tls: none, domains: [{domain}]}}\n")
        cls.settings = ("log: {level: debug}\n"
                        "queue: {retry_min: 1s, retry_max: 2s, delay_notice: 1h, lifetime: 1h}\n"
                        "limits: {free_space: 1MiB}\nrelay:\n" + "".join(relays))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for server, _, _ in cls.servers.values():
            server.close()

    def queue(self):
        return json.loads(self.server.command("queue", "list", "--json"))

    def reports(self):
        """The failures that were told, by the domain of the recipient."""
        found = {}
        with imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls()) as client:
            client.login(ALICE, PASSWORD)
            client.select("INBOX", readonly=True)
            for number in client.search(None, "ALL")[1][0].split():
                report = email.message_from_bytes(client.fetch(number, "(BODY.PEEK[])")[1][0][1])
                for part in report.walk():
                    if part.get_content_type() != "message/delivery-status":
                        continue
                    fields = part.get_payload()[1]
                    domain = fields["Final-Recipient"].split("@")[1].strip()
                    found.setdefault(domain, []).append(fields)
        return found

    def test_every_class_at_every_stage(self):
        with smtplib.SMTP_SSL("localhost", self.server.port(465), context=self.server.tls()) as client:
            client.login(ALICE, PASSWORD)
            for _, domain, _ in self.servers.values():
                client.sendmail(ALICE, [f"x@{domain}"], message(f"to {domain}", to=f"x@{domain}"))
        wait_for(lambda: not self.queue(), "an empty queue", 120)
        reports = self.reports()
        for (stage, name), (server, domain, is_final) in self.servers.items():
            with self.subTest(stage=stage, answer=name):
                if not is_final:
                    self.assertEqual(len(server.messages), 1, f"{server.connections} connections")
                    self.assertNotIn(domain, reports)
                    continue
                self.assertEqual(server.messages, [])
                self.assertEqual(len(reports.get(domain, [])), 1)
                fields = reports[domain][0]
                self.assertEqual(fields["Action"], "failed")
                self.assertRegex(fields["Status"], r"^5\.")
                self.assertIn("never", fields["Diagnostic-Code"])


if __name__ == "__main__":
    harness.main()
