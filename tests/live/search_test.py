"""SEARCH in texts on the real daemon: the same answers while the index is made, with it, after a restart and after a kill."""

import imaplib
import os
import unittest

import harness
from harness import ALICE, PASSWORD

WORDS = ["quarterly", "annual", "meeting", "report", "Stra\u00dfe", "caf\u00e9"]


def text(number):
    body = f"number-{number} {WORDS[number % 6]} {WORDS[number % 4]}\r\n"
    return (f"From: a{number}@example.test\r\nSubject: s{number}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}").encode()


class Search(harness.LiveTest):
    settings = "log: {level: debug}\n"

    def connect(self):
        client = imaplib.IMAP4("localhost", self.server.port(143))
        client.starttls(self.server.tls())
        client.login(ALICE, PASSWORD)
        client.select("INBOX")
        self.addCleanup(client.shutdown)
        return client

    def search(self, client, key, word):
        client.literal = word.encode()
        kind, data = client.uid("SEARCH", "CHARSET", "UTF-8", key)
        self.assertEqual(kind, "OK")
        return [int(uid) for uid in data[0].split()]

    def expect(self, client, count):
        for number, word in enumerate(WORDS):
            uids = [n + 1 for n in range(count) if number in (n % 6, n % 4)]
            self.assertEqual(self.search(client, "BODY", word), uids, word)
            self.assertEqual(self.search(client, "TEXT", word[1:-1].upper()), uids, word)
        self.assertEqual(self.search(client, "TEXT", "number-77 "), [78])
        self.assertEqual(self.search(client, "TEXT", "absent"), [])

    def append(self, client, first, last):
        for number in range(first, last):
            self.assertEqual(client.append("INBOX", None, None, text(number))[0], "OK")

    def test_answers_stay_the_same(self):
        client = self.connect()
        self.append(client, 0, 100)
        client.select("INBOX")
        index = os.path.join(self.server.data_dir, "accounts", "example.test", "alice", "search.sqlite")
        self.assertFalse(os.path.exists(index))
        self.expect(client, 100)
        self.assertTrue(os.path.exists(index))
        while "texts indexed" not in self.server.log():
            self.expect(client, 100)
        self.expect(client, 100)
        self.append(client, 100, 120)
        client.select("INBOX")
        self.expect(client, 120)
        for end in (self.server.stop, self.server.kill):
            end()
            self.server.start()
            client = self.connect()
            self.expect(client, 120)


if __name__ == "__main__":
    harness.main()
