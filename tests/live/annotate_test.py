"""Annotations of messages on the real daemon: after a kill, after the loss of the index, and gone with their message."""

import imaplib
import os
import unittest

import harness
from harness import ALICE, PASSWORD


class Annotate(harness.LiveTest):
    def connect(self, mailbox="INBOX"):
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls())
        client.login(ALICE, PASSWORD)
        self.addCleanup(client.shutdown)
        self.assertEqual(client.select(mailbox)[0], "OK")
        return client

    def store(self, client, uid, value):
        kind, said = client.uid("STORE", str(uid), "ANNOTATION", f'(/comment (value.priv "{value}" value.shared "{value}!"))')
        self.assertEqual(kind, "OK", said)

    def comments(self, client, modifiers=""):
        kind, lines = client.uid("FETCH", "1:*", f"(ANNOTATION (/comment value.priv)){modifiers}")
        self.assertEqual(kind, "OK")
        found = {}
        for line in lines:
            if line is None:
                continue
            text = line.decode()
            uid = int(text.split("UID ")[1].split(" ")[0])
            found[uid] = None if "value.priv NIL" in text else text.split('value.priv "')[1].split('"')[0]
        return found

    def highest(self, client):
        return int(client.response("HIGHESTMODSEQ")[1][0])

    def test_what_was_acknowledged_is_there(self):
        client = self.connect()
        self.assertIn(b"ANNOTATE-EXPERIMENT-1", client.capability()[1][0])
        for number in range(20):
            self.assertEqual(client.append("INBOX", None, None, harness.message(f"annotated {number}").encode())[0], "OK")
        client.select("INBOX")
        expected = {uid: None for uid in range(1, 21)}

        # Killed right behind an answer, several times: the value is there, and is a change.
        for round in range(1, 6):
            since = self.highest(client)
            self.store(client, round, f"round {round}")
            expected[round] = f"round {round}"
            self.server.kill()
            self.server.start()
            client = self.connect()
            self.assertEqual(self.comments(client), expected)
            changed = self.comments(client, f" (CHANGEDSINCE {since})")
            self.assertIn(round, changed)

        # A copy that was acknowledged has them.
        self.assertEqual(client.copy("1:20", "Archive")[0], "OK")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.comments(self.connect("Archive")), expected)

        # The index is made again, by command and because it is not there.
        self.server.command("mailbox", "rebuild", ALICE)
        self.assertEqual(self.comments(self.connect()), expected)
        self.server.stop()
        folder = os.path.join(self.server.data_dir, "accounts", "example.test", "alice")
        for name in os.listdir(folder):
            if name.startswith("index.sqlite"):
                os.remove(os.path.join(folder, name))
        self.server.start()
        client = self.connect()
        self.assertEqual(self.comments(client), expected)
        self.server.command("mailbox", "verify", ALICE)

        # What another program removes takes its annotations along.
        current = os.path.join(folder, "Maildir", "cur")
        (name,) = [name for name in os.listdir(current) if ".1:2," in name]
        os.remove(os.path.join(current, name))
        del expected[1]
        harness.wait_for(lambda: self.comments(self.connect()) == expected, "message 1 to be gone")


if __name__ == "__main__":
    harness.main()
