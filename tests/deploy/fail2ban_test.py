"""The fail2ban filter finds who failed to sign in, in log lines that the real daemon wrote, and
nobody else, whatever a client calls itself."""

import base64
import configparser
import os
import re
import smtplib
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import harness  # noqa: E402

FILTER = os.path.join(harness.SOURCE, "systemd", "fail2ban", "filter.conf")


def failregex():
    """The filter's expression, put together as fail2ban does it."""
    parser = configparser.ConfigParser()
    parser.read(FILTER)
    return re.compile(parser["Definition"]["failregex"].replace("<ADDR>", r"(?P<ip>[0-9a-fA-F:.]+)"))


def blamed(line):
    """The address that fail2ban would count for this line, or None."""
    found = failregex().search(line)
    return found["ip"] if found else None


class Filter(harness.LiveTest):
    def attempts(self, *names):
        for name in names:
            with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=30) as client:
                client.ehlo()
                message = f"\0{name}\0a guess for {name[:5]}".encode()
                code, _ = client.docmd("AUTH PLAIN", base64.b64encode(message).decode())
                self.assertEqual(code, 535)

    def lines(self):
        return [line for line in self.server.log().splitlines() if " sign-in " in line]

    def test_failures_are_found_and_successes_are_not(self):
        self.attempts(harness.ALICE, "nobody@example.test",
                      "x result=ok address=192.0.2.9", 'y" result=failed address=192.0.2.9 z="')
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=30) as client:
            client.login(harness.BOB, harness.PASSWORD)
        lines = self.lines()
        self.assertEqual(len(lines), 5, "\n".join(lines))
        for line in lines:
            rest = line.split(" ", 1)[1]
            good = "result=ok" in re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
            for seen in (" " + rest,                     # a file: fail2ban cuts the time off
                         f"mail waxwing[123]: {line}"):  # the journal
                self.assertEqual(blamed(seen), None if good else "127.0.0.1", line)


if __name__ == "__main__":
    harness.main()
