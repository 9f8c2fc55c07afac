"""Every port of the matrix in each of its modes, and what a client in the wrong mode is told."""

import socket
import ssl
import unittest

import harness

SMTP = (25, 26, 2025, 2525)


class Wire:
    """A line of text at a time over a socket that may turn to TLS."""

    def __init__(self, server, port, tls=None, alpn=None, seconds=30):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port(port)), timeout=seconds)
        if tls or alpn:
            context = server.tls()
            if alpn:
                context.set_alpn_protocols(alpn)
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def line(self):
        return self.file.readline().decode()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def smtp(self, text=None):
        """A whole SMTP reply, continuation lines included."""
        if text is not None:
            self.say(text)
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "".join(lines)

    def imap(self, text):
        self.say("a " + text)
        lines = [self.line()]
        while lines[-1] and not lines[-1].startswith("a "):
            lines.append(self.line())
        return "".join(lines)

    def pop(self, text, multiline=False):
        self.say(text)
        lines = [self.line()]
        while multiline and lines[0].startswith("+OK") and lines[-1] not in (".\r\n", ""):
            lines.append(self.line())
        return "".join(lines)

    def secure(self):
        self.file.close()
        self.socket = self.server.tls().wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")
        return self.socket.version()


class Modes(harness.LiveTest):
    def wire(self, port, **options):
        return Wire(self.server, port, **options)

    def test_smtp_in_clear_and_with_starttls(self):
        for port in SMTP:
            with self.subTest(port=port), self.wire(port) as wire:
                self.assertRegex(wire.smtp(), r"^220 localhost ")
                self.assertIn("STARTTLS", wire.smtp("EHLO client.example"))
                self.assertRegex(wire.smtp("STARTTLS"), r"^220 ")
                self.assertIn(wire.secure(), ("TLSv1.2", "TLSv1.3"))
                after = wire.smtp("EHLO client.example")
                self.assertNotIn("STARTTLS", after)
                self.assertIn("AUTH", after)
                self.assertRegex(wire.smtp("QUIT"), r"^221 ")

    def test_587_wants_starttls_before_sign_in(self):
        with self.wire(587) as wire:
            wire.smtp()
            offered = wire.smtp("EHLO client.example")
            self.assertIn("STARTTLS", offered)
            self.assertNotIn("AUTH", offered)
            self.assertRegex(wire.smtp("AUTH PLAIN"), r"^5\d\d ")
            self.assertRegex(wire.smtp("MAIL FROM:<alice@example.test>"), r"^530 ")
            self.assertRegex(wire.smtp("STARTTLS"), r"^220 ")
            wire.secure()
            self.assertIn("AUTH", wire.smtp("EHLO client.example"))

    def test_465_speaks_tls_from_the_first_byte(self):
        with self.wire(465, tls=True) as wire:
            self.assertRegex(wire.smtp(), r"^220 ")
            offered = wire.smtp("EHLO client.example")
            self.assertNotIn("STARTTLS", offered)
            self.assertIn("AUTH", offered)

    def test_110_in_clear_and_with_stls(self):
        with self.wire(110) as wire:
            self.assertRegex(wire.line(), r"^\+OK")
            self.assertIn("STLS", wire.pop("CAPA", multiline=True))
            self.assertRegex(wire.pop("STLS"), r"^\+OK")
            wire.secure()
            after = wire.pop("CAPA", multiline=True)
            self.assertNotIn("STLS", after)
            self.assertIn("\r\nUSER\r\n", after)
            self.assertRegex(wire.pop("QUIT"), r"^\+OK")

    def test_995_speaks_tls_from_the_first_byte(self):
        with self.wire(995, tls=True) as wire:
            self.assertRegex(wire.line(), r"^\+OK")
            self.assertNotIn("STLS", wire.pop("CAPA", multiline=True))

    def test_995_takes_stls_from_a_client_that_waits(self):
        with self.wire(995) as wire:
            self.assertRegex(wire.line(), r"^\+OK")  # after a few seconds of silence
            self.assertIn("STLS", wire.pop("CAPA", multiline=True))
            self.assertRegex(wire.pop("USER alice@example.test"), r"^-ERR")
            self.assertRegex(wire.pop("STLS"), r"^\+OK")
            wire.secure()
            self.assertRegex(wire.pop(f"USER {harness.ALICE}"), r"^\+OK")
            self.assertRegex(wire.pop(f"PASS {harness.PASSWORD}"), r"^\+OK")

    def test_143_in_clear_and_with_starttls(self):
        with self.wire(143) as wire:
            self.assertRegex(wire.line(), r"^\* OK \[CAPABILITY IMAP4rev1 ")
            self.assertIn("STARTTLS", wire.imap("CAPABILITY"))
            self.assertRegex(wire.imap("STARTTLS"), r"a OK")
            wire.secure()
            after = wire.imap("CAPABILITY")
            self.assertNotIn("STARTTLS", after)
            self.assertNotIn("LOGINDISABLED", after)

    def test_993_speaks_tls_from_the_first_byte(self):
        with self.wire(993, tls=True) as wire:
            self.assertRegex(wire.line(), r"^\* OK \[CAPABILITY ")
            self.assertRegex(wire.imap(f"LOGIN {harness.ALICE} {harness.PASSWORD}"), r"a OK")

    def test_own_alpn_is_taken_and_another_refused(self):
        for port, name in ((993, "imap"), (995, "pop3"), (465, "smtp")):
            with self.subTest(port=port):
                with self.wire(port, alpn=[name]) as wire:
                    self.assertRegex(wire.line(), r"^(\* OK|\+OK|220)")
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    with self.wire(port, alpn=["h2", "http/1.1"]) as wire:
                        wire.line()

    def test_old_tls_is_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", self.server.port(993)), timeout=30) as plain:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain).recv(1)

    def test_bytes_behind_starttls_are_dropped(self):
        with self.wire(25) as wire:
            wire.smtp()
            wire.smtp("EHLO client.example")
            self.assertRegex(wire.smtp("STARTTLS\r\nMAIL FROM:<x@example.test>"), r"^220 ")
            wire.secure()
            self.assertRegex(wire.smtp("RCPT TO:<alice@example.test>"), r"^503 ")

    def test_http_on_smtp_is_cut(self):
        with self.wire(25) as wire:
            wire.smtp()
            wire.say("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nMAIL FROM:<x@example.test>")
            answer = wire.file.read()
            self.assertNotIn(b"250", answer)


class WrongMode(harness.LiveTest):
    """A client set to the wrong security gets a sentence or a connection, never a hang."""

    def test_plain_talk_on_a_tls_port_gets_a_readable_error(self):
        for port, hello, answer in ((465, "EHLO client.example", r"(?i)^\d\d\d .*TLS"),
                                    (993, "a1 CAPABILITY", r"(?i)^\* BYE .*TLS")):
            with self.subTest(port=port), Wire(self.server, port) as wire:
                wire.say(hello)
                self.assertRegex(wire.line(), answer)

    def test_tls_on_a_starttls_port_works_the_next_time(self):
        for port, greeting in ((143, r"^\* OK"), (110, r"^\+OK"), (25, r"^220"), (587, r"^220")):
            with self.subTest(port=port):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    with Wire(self.server, port, tls=True) as wire:
                        wire.line()
                with self.patient_tls(port) as wire:
                    self.assertRegex(wire.line(), greeting)
                # A client that waits for the greeting still gets it.
                with Wire(self.server, port) as wire:
                    self.assertRegex(wire.line(), greeting)
        self.assertRegex(self.server.log(), r"(?i)starttls")

    def patient_tls(self, port):
        """The client has a second to speak first; on a machine under load it may need a few tries."""
        for attempt in range(5):
            try:
                return Wire(self.server, port, tls=True)
            except (ssl.SSLError, ConnectionError) as error:
                trouble = error
        raise trouble

    def test_silence_on_993_ends_in_a_readable_greeting(self):
        with Wire(self.server, 993) as wire:
            self.assertRegex(wire.line(), r"^\* (OK|BYE)")


class NoPlaintext(harness.LiveTest):
    settings = "auth: {plaintext_auth: never}\n"

    def test_no_port_takes_a_password_in_clear(self):
        for port in SMTP + (587,):
            with self.subTest(port=port), Wire(self.server, port) as wire:
                wire.smtp()
                self.assertNotRegex(wire.smtp("EHLO client.example"), r"AUTH.*(PLAIN|LOGIN)")
                self.assertRegex(wire.smtp("AUTH PLAIN AGEAYg=="), r"^5\d\d ")
        with Wire(self.server, 110) as wire:
            wire.line()
            self.assertNotIn("\r\nUSER\r\n", wire.pop("CAPA", multiline=True))
            self.assertRegex(wire.pop(f"USER {harness.ALICE}"), r"^-ERR")
        with Wire(self.server, 143) as wire:
            self.assertIn("LOGINDISABLED", wire.line())
            self.assertRegex(wire.imap(f"LOGIN {harness.ALICE} {harness.PASSWORD}"), r"a NO \[PRIVACYREQUIRED\]")


class Limits(harness.LiveTest):
    settings = "limits: {connections_per_address: 3, free_space: 1MiB}\n"

    def test_one_address_cannot_take_every_connection(self):
        held = [Wire(self.server, 143) for _ in range(3)]
        try:
            for wire in held:
                self.assertRegex(wire.line(), r"^\* OK")
            with Wire(self.server, 143) as wire:
                self.assertNotRegex(wire.line(), r"^\* OK")
        finally:
            for wire in held:
                wire.__exit__()

        def served():
            try:
                with Wire(self.server, 143) as wire:
                    return wire.line().startswith("* OK")
            except OSError:
                return False
        harness.wait_for(served, "a place to become free")


if __name__ == "__main__":
    harness.main()
