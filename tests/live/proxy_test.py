"""Debian's HAProxy in front, with both versions of the PROXY protocol, and headers made by hand."""

import imaplib
import os
import smtplib
import socket
import ssl
import struct
import subprocess

import harness
from harness import ALICE, PASSWORD, message, wait_for

CONFIG = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen smtp
  bind 127.0.0.1:{smtp}
  server waxwing 127.0.0.1:{waxwing_smtp} send-proxy
listen imaps
  bind 127.0.0.1:{imaps}
  server waxwing 127.0.0.1:{waxwing_imaps} send-proxy-v2 check check-send-proxy inter 200ms
listen imap
  bind 127.0.0.1:{imap}
  server waxwing 127.0.0.1:{waxwing_imap} send-proxy-v2 proxy-v2-options crc32c,unique-id
"""

# The balancer connects from 127.0.0.1, its clients come from elsewhere in 127.0.0.0/8.
CLIENT = "127.0.0.9"


class Proxy(harness.LiveTest):
    settings = """
listen: {addresses: ['127.0.0.1'], port_offset: @OFFSET@, balancers: [127.0.0.1]}
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ports = {name: harness.free_port() for name in ("smtp", "imaps", "imap")}
        config = os.path.join(cls.server.folder, "haproxy.cfg")
        with open(config, "w") as out:
            out.write(CONFIG.format(**cls.ports, waxwing_smtp=cls.server.port(25), waxwing_imaps=cls.server.port(993),
                                    waxwing_imap=cls.server.port(143)))
        cls.haproxy = subprocess.Popen(["haproxy", "-db", "-f", config], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.haproxy.wait)
        cls.addClassCleanup(cls.haproxy.terminate)

        def is_up():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", cls.ports["imap"])) == 0
        wait_for(is_up, "HAProxy")
        # Nobody but the balancer gets to see the certificate.
        with open(os.path.join(cls.server.folder, "server.pem"), "w") as out:
            out.write(ssl.get_server_certificate(("127.0.0.1", cls.ports["imaps"])))

    def test_smtp_sees_the_client(self):
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], source_address=(CLIENT, 0)) as client:
            client.sendmail("carol@far.example", [ALICE], message("through", sender="carol@far.example", to=ALICE))
        with self.sign_in() as client:
            client.select("INBOX")
            numbers = client.search(None, "SUBJECT", "through")[1][0].split()
            text = client.fetch(numbers[0], "(BODY.PEEK[HEADER])")[1][0][1].decode()
        self.assertIn(f"([{CLIENT}])", text)

    def test_the_log_names_the_client(self):
        with socket.create_connection(("127.0.0.1", self.ports["smtp"]), source_address=(CLIENT, 0)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while plain.recv(4096):
                pass
        wait_for(lambda: [line for line in self.server.log().splitlines()
                          if "smtp cut" in line and CLIENT in line], "the line in the log")

    def sign_in(self, port="imaps"):
        client = imaplib.IMAP4_SSL("localhost", self.ports[port], ssl_context=self.server.tls())
        client.login(ALICE, PASSWORD)
        return client

    def test_tls_from_the_first_byte_follows_the_header(self):
        with self.sign_in() as client:
            self.assertEqual(client.noop()[0], "OK")

    def test_starttls_and_a_checksum(self):
        with imaplib.IMAP4("localhost", self.ports["imap"]) as client:
            client.starttls(self.server.tls())
            client.login(ALICE, PASSWORD)
            client.select("INBOX")
            who = self.server.command("who")
        self.assertIn(ALICE, who)

    def test_health_checks_are_no_mistake(self):
        self.assertNotIn("proxy-header-refused service=imap", self.server.log())

    def say(self, number, header, source="127.0.0.1"):
        with socket.create_connection(("127.0.0.1", self.server.port(number)), source_address=(source, 0)) as plain:
            plain.settimeout(10)
            plain.sendall(header)
            heard = b""
            try:
                while not heard.endswith(b"\n"):
                    piece = plain.recv(4096)
                    if not piece:
                        break
                    heard += piece
            except ConnectionResetError:
                pass
            return heard

    def test_headers_by_hand(self):
        block = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
        block += struct.pack(">HH", 4000, 25)
        binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x21" + struct.pack(">H", len(block)) + block
        self.assertTrue(self.say(25, binary).startswith(b"220 "))
        self.assertTrue(self.say(25, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n").startswith(b"220 "))
        for broken in (b"PROXY TCP4 192.0.2.1\r\n", b"EHLO impatient\r\n", binary[:13] + b"\x11" + binary[14:]):
            self.assertEqual(self.say(25, broken), b"")
        wait_for(lambda: self.server.log().count("proxy-header-refused") >= 3, "a line for each in the log")

    def test_a_header_from_anybody_else_is_garbage(self):
        heard = self.say(25, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", source=CLIENT)
        self.assertTrue(heard.startswith(b"220 "))


if __name__ == "__main__":
    harness.main(tools=["haproxy"])
