"""kill -9 in the middle of everything, again and again: several SMTP connections deliver, IMAP
sessions append, move, flag and expunge, then the daemon dies and is started anew.

Promises, checked after each restart over IMAP and at the end by `mailbox verify`:
  - a message whose delivery was acknowledged is there, once;
  - one that was not acknowledged is there once or not at all;
  - an expunge or a move that was acknowledged stays done;
  - no UID names two messages, UIDNEXT never falls, UIDVALIDITY stays.

Usage: kill_test.py [SECONDS]; prints the seed, which WAXWING_SEED sets.
"""

import collections
import imaplib
import os
import random
import re
import smtplib
import sys
import threading
import time
import unittest

import harness
from harness import ALICE, BOB, PASSWORD

SECONDS = float(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1][0].isdigit() else 30.0
SEED = int(os.environ.get("WAXWING_SEED", "0")) or int(time.time())
FOLDERS = ("INBOX", "Archive")


class Ledger:
    """What the clients were told. Any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counter = 0
        self.trusts = True
        self.acknowledged = {}  # subject -> accounts that must have it
        self.offered = set()    # subjects that may or may not be there
        self.expunged = set()   # (account, subject) that must be gone
        self.doubtful = set()   # (account, subject) whose expunge or move was under way at the end
        self.uids = {}          # (account, folder, uid) -> subject, for ever
        self.validity = {}      # (account, folder) -> UIDVALIDITY
        self.next = collections.Counter()  # (account, folder) -> highest UIDNEXT seen

    def subject(self, kind):
        with self.lock:
            self.counter += 1
            name = f"{kind}-{self.counter}"
            self.offered.add(name)
            return name

    def acknowledge(self, subject, accounts):
        with self.lock:
            if self.trusts:
                self.acknowledged[subject] = accounts

    def trust(self, trusts):
        """Whether what the clients hear from now on counts."""
        with self.lock:
            self.trusts = trusts

    def doubt(self, account, subjects):
        with self.lock:
            self.doubtful |= {(account, subject) for subject in subjects}

    def gone(self, account, subjects):
        with self.lock:
            self.expunged |= {(account, subject) for subject in subjects}

    def settle(self, account, subjects):
        with self.lock:
            self.doubtful -= {(account, subject) for subject in subjects}


class Client(threading.Thread):
    """Works until the connection breaks, which is how each round ends."""

    def __init__(self, server, ledger, seed):
        super().__init__(daemon=True)
        self.server = server
        self.ledger = ledger
        self.random = random.Random(seed)
        self.trouble = None

    def run(self):
        try:
            self.work()
        except (OSError, EOFError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, imaplib.IMAP4.abort):
            pass  # the daemon is gone
        except Exception as error:
            self.trouble = error


class Sender(Client):
    def work(self):
        with smtplib.SMTP("127.0.0.1", self.server.port(25), timeout=60) as client:
            client.ehlo("sender.example")
            while True:
                subject = self.ledger.subject("mail")
                accounts = self.random.choice(([ALICE], [BOB], [ALICE, BOB]))
                body = "x" * self.random.choice((10, 1000, 10000, 400000)) + "\r\n"
                body = re.sub("(x{70})", "\\1\r\n", body)
                refused = client.sendmail("s@sender.example", accounts, harness.message(subject, "s@sender.example", body=body))
                self.ledger.acknowledge(subject, [a for a in accounts if a not in refused])


def subjects_of(client):
    """UID -> subject in the selected mailbox."""
    status, answer = client.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    if status != "OK":
        raise harness.Failure(f"FETCH: {status} {answer}")
    found = {}
    for part in answer:
        if isinstance(part, tuple):
            uid = int(re.search(rb"UID (\d+)", part[0]).group(1))
            if uid in found:
                raise harness.Failure(f"UID {uid} came twice in one FETCH")
            found[uid] = part[1].decode().partition(":")[2].strip()
    return found


class Reader(Client):
    """Appends, flags, moves and expunges in one account; the only session there that removes."""

    def __init__(self, server, ledger, seed, account):
        super().__init__(server, ledger, seed)
        self.account = account

    def work(self):
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
        client.login(self.account, PASSWORD)
        while True:
            {0: self.append, 1: self.flag, 2: self.move, 3: self.expunge}[self.random.randrange(4)](client)

    def append(self, client):
        subject = self.ledger.subject("append")
        status, answer = client.append("INBOX", None, None, harness.message(subject).encode())
        if status != "OK":
            raise harness.Failure(f"APPEND: {answer}")
        self.ledger.acknowledge(subject, [self.account])

    def chosen(self, client, count):
        client.select("INBOX")
        found = subjects_of(client)
        uids = self.random.sample(sorted(found), min(count, len(found)))
        return ",".join(map(str, uids)), [found[uid] for uid in uids]

    def flag(self, client):
        uids, _ = self.chosen(client, 5)
        if uids:
            client.uid("STORE", uids, "+FLAGS", self.random.choice(("(\\Seen)", "(\\Flagged $Label)")))

    def move(self, client):
        uids, subjects = self.chosen(client, 3)
        if not uids:
            return
        status, answer = client.uid("MOVE", uids, "Archive")
        if status != "OK":
            raise harness.Failure(f"MOVE: {answer}")

    def expunge(self, client):
        uids, subjects = self.chosen(client, 3)
        if not uids:
            return
        self.ledger.doubt(self.account, subjects)
        client.uid("STORE", uids, "+FLAGS", "(\\Deleted)")
        status, answer = client.uid("EXPUNGE", uids)
        if status != "OK":
            raise harness.Failure(f"EXPUNGE: {answer}")
        self.ledger.gone(self.account, subjects)
        self.ledger.settle(self.account, subjects)


class Audit:
    """Compares what is there with what the clients were told."""

    def __init__(self, server, ledger):
        self.server = server
        self.ledger = ledger
        self.problems = []

    def check(self, holds, text):
        if not holds:
            self.problems.append(text)

    def run(self):
        for account in (ALICE, BOB):
            self.account(account)
        if self.problems:
            raise harness.Failure("\n".join(self.problems[:40]) + "\n--- log\n" + self.server.log()[-6000:])

    def account(self, account):
        ledger = self.ledger
        client = imaplib.IMAP4("127.0.0.1", self.server.port(143), timeout=60)
        client.login(account, PASSWORD)
        count = collections.Counter()
        for folder in FOLDERS:
            client.select(folder)
            key = (account, folder)
            validity = int(client.response("UIDVALIDITY")[1][0])
            following = int(client.response("UIDNEXT")[1][0])
            self.check(ledger.validity.setdefault(key, validity) == validity, f"{key}: UIDVALIDITY changed")
            self.check(following >= ledger.next[key], f"{key}: UIDNEXT fell from {ledger.next[key]} to {following}")
            ledger.next[key] = following
            for uid, subject in subjects_of(client).items():
                self.check(uid < following, f"{key}: UID {uid} is not below UIDNEXT {following}")
                known = ledger.uids.setdefault((account, folder, uid), subject)
                self.check(known == subject, f"{key}: UID {uid} was {known} and is {subject}")
                if subject not in ledger.offered:
                    there = client.uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[]<0.100>)")[1]
                    self.problems.append(f"{key}: {subject!r}, UID {uid}, was never sent: {there}")
                count[subject] += 1
        client.logout()
        for subject, accounts in ledger.acknowledged.items():
            if account not in accounts:
                continue
            if (account, subject) in ledger.expunged:
                self.check(count[subject] == 0, f"{account}: {subject} is back after its expunge")
            elif (account, subject) not in ledger.doubtful:
                self.check(count[subject] == 1, f"{account}: {subject} was acknowledged and is there {count[subject]} times")
        for subject, times in count.items():
            self.check(times == 1, f"{account}: {subject} is there {times} times")


class Kill(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("limits: {free_space: 1MiB, messages_per_minute: 1000000}\n").start()
        self.addCleanup(self.server.discard)
        self.server.add_accounts()

    def test_nothing_acknowledged_is_lost(self):
        print(f"seed {SEED}, {SECONDS:g} s", flush=True)
        chance = random.Random(SEED)
        ledger = Ledger()
        end = time.monotonic() + SECONDS
        rounds = 0
        while time.monotonic() < end:
            rounds += 1
            clients = [Sender(self.server, ledger, chance.random()) for _ in range(4)]
            clients += [Reader(self.server, ledger, chance.random(), account) for account in (ALICE, BOB)]
            for client in clients:
                client.start()
            # The moment of death is chance; the storm needs a moment to be in the middle of it.
            clients[0].join(timeout=chance.uniform(0.2, 2.5))
            self.server.kill()
            for client in clients:
                client.join(timeout=60)
                self.assertFalse(client.is_alive(), "a client did not notice the end of the daemon")
                if client.trouble:
                    raise client.trouble
            self.server.check_log()
            self.server.start()
            Audit(self.server, ledger).run()
        print(f"{rounds} kills, {len(ledger.acknowledged)} acknowledged, {len(ledger.expunged)} expunged", flush=True)
        self.assertGreater(len(ledger.acknowledged), rounds)
        for account in (ALICE, BOB):
            self.server.command("mailbox", "verify", account)
        self.server.stop()
        self.server.start()
        Audit(self.server, ledger).run()
        self.server.stop()


if __name__ == "__main__":
    harness.main()
