"""Thunderbird itself: an IMAP account through STARTTLS, one through TLS and a POP3 account, sending
through 587 and 465. It synchronises twice with changes on both sides, and between the two it is ended
and started again.

A picture of its window and the logs of both sides are kept in the build directory, in artefacts/."""

import email
import email.header
import email.policy
import glob
import imaplib
import itertools
import os
import re
import shutil
import smtplib
import unittest

import harness
from harness import ALICE, BOB, PASSWORD
from thunderbird import STARTTLS, TLS, Account, Thunderbird, display, every, preferences, wait_for

ARTEFACTS = os.path.join(os.path.dirname(harness.BINARY), "artefacts")
STRANGER = "carol@far.example"

ACCOUNTS = {
    "account1": Account("imap", ALICE, 143, STARTTLS, 587, STARTTLS),
    "account2": Account("imap", BOB, 993, TLS, 465, TLS),
    "account3": Account("pop3", BOB, 995, TLS, 465, TLS),
}
STARTTLS_IMAP, TLS_IMAP, POP3 = ACCOUNTS


class ThunderbirdTest(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = os.path.join(cls.server.folder, "thunderbird")
        os.makedirs(os.path.join(cls.home, "profile"))
        with open(os.path.join(cls.home, "profile", "user.js"), "w") as out:
            out.write(preferences(ACCOUNTS, cls.server.port))

    def tearDown(self):
        # What a failure may be explained by.
        os.makedirs(ARTEFACTS, exist_ok=True)
        shutil.copy(self.server.log_file, os.path.join(ARTEFACTS, "thunderbird-server.log"))
        for log in glob.glob(os.path.join(self.home, "*.moz_log")):
            shutil.copy(log, os.path.join(ARTEFACTS, "thunderbird-" + os.path.basename(log)))

    def start(self):
        """Thunderbird, ended with the test or by end()."""
        thunderbird = Thunderbird(self.home, self.screen)
        self.addCleanup(thunderbird.discard)
        thunderbird.watch()
        return thunderbird

    # The other side: Python's own clients.

    def imap(self, user):
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls(), timeout=30)
        client.login(user, PASSWORD)
        client.enable("UTF8=ACCEPT")
        self.addCleanup(client.logout)
        return client

    def did(self, answer):
        self.assertEqual(answer[0], "OK", answer)
        return answer[1]

    def deliver(self, user, *subjects, text="A line.\r\n.A line with a dot.\r\n"):
        with smtplib.SMTP("localhost", self.server.port(25), timeout=30) as client:
            for subject in subjects:
                client.sendmail(STRANGER, [user], harness.message(subject, sender=STRANGER, to=user, body=text))

    def stored(self, client):
        """{folder: {subject: flags}}, in the words of thunderbird.js."""
        words = {"\\Seen": "read", "\\Flagged": "flagged", "\\Answered": "answered", "$label1": "$label1"}
        found = {}
        for line in self.did(client.list()):
            folder = re.fullmatch(rb'\(.*?\) "/" "?(.*?)"?', line)[1].decode()
            self.did(client.select(f'"{folder}"', readonly=True))
            messages = found[folder] = {}
            answer = self.did(client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
            for part in answer:
                if isinstance(part, tuple):
                    flags = re.search(rb"FLAGS \((.*?)\)", part[0])[1].decode().split()
                    subject = email.header.make_header(email.header.decode_header(
                        email.message_from_bytes(part[1])["Subject"]))
                    flags = " ".join(words[flag] for flag in words if flag in flags)
                    messages[str(subject)] = "twice" if str(subject) in messages else flags
        return found

    def number(self, client, subject):
        (number,) = self.did(client.uid("SEARCH", "HEADER", "SUBJECT", f'"{subject}"'))[0].decode().split()
        return number

    def agree(self, thunderbird, key, client, look=lambda: None):
        """Waits until both sides hold the same, and says what."""
        states = {}

        def same():
            look()
            states["here"], states["there"] = thunderbird.mail(key), self.stored(client)
            return states["here"] == states["there"]

        try:
            wait_for(same, "both sides to agree")
        except harness.Failure:
            self.assertEqual(states["here"], states["there"])
        return states["here"]

    def synchronise(self, thunderbird, alice, bob):
        """What is then in each account."""
        found = []
        for key, client in ((STARTTLS_IMAP, alice), (TLS_IMAP, bob)):
            found.append(self.agree(thunderbird, key, client, every(15, lambda: thunderbird.look(key))))
            thunderbird.fetchAll(key)
        thunderbird.look(POP3)
        return *found, thunderbird.mail(POP3)

    # The conversation.

    def test_accounts_agree_after_each_of_two_starts_with_changes_on_both_sides(self):
        self.screen = self.enterContext(display())
        alice, bob = self.imap(ALICE), self.imap(BOB)

        self.deliver(ALICE, "lunch", "report", "advert")
        self.deliver(BOB, "first", "second")
        self.did(alice.create('"Pläne"'))
        self.did(alice.append('"Pläne"', r"(\Seen \Flagged)", None, harness.message("plan").encode()))

        thunderbird = self.start()
        self.set_up(thunderbird)
        self.read_what_is_there(thunderbird, alice, bob)
        self.change_folders_and_flags(thunderbird, alice, bob)
        self.send(thunderbird, alice, bob, "once")
        self.be_told_at_once(thunderbird, alice, bob)
        self.end(thunderbird)

        # While it is away.
        self.change_elsewhere(alice, bob)

        thunderbird = self.start()
        self.find_what_changed(thunderbird, alice, bob)
        self.change_again(thunderbird, alice, bob)
        self.send(thunderbird, alice, bob, "again")
        self.keep_picture(thunderbird)
        self.end(thunderbird)
        for user in (ALICE, BOB):
            self.assertNotIn("differs", self.server.command("mailbox", "verify", user))
        self.assertNotIn("tls=none", self.server.log())

    def set_up(self, thunderbird):
        ports = {port for account in ACCOUNTS.values() for port in (account.incoming, account.outgoing)}
        thunderbird.trust(self.server.certificate(), [(ALICE, PASSWORD), (BOB, PASSWORD)],
                          [self.server.port(port) for port in sorted(ports)])

    def read_what_is_there(self, thunderbird, alice, bob):
        of_alice, of_bob, by_pop = self.synchronise(thunderbird, alice, bob)
        self.assertEqual(set(of_alice), {"INBOX", "Archive", "Drafts", "Junk", "Pläne", "Sent", "Trash"})
        self.assertEqual(of_alice["INBOX"], {"lunch": "", "report": "", "advert": ""})
        self.assertEqual(of_alice["Pläne"], {"plan": "read flagged"})
        self.assertEqual(of_bob["INBOX"], {"first": "", "second": ""})
        self.assertEqual(by_pop["INBOX"], {"first": "", "second": ""})
        for key, client, subject in ((STARTTLS_IMAP, alice, "report"), (TLS_IMAP, bob, "first")):
            self.did(client.select("INBOX", readonly=True))
            answer = self.did(client.uid("FETCH", self.number(client, subject), "(BODY.PEEK[])"))
            self.assertEqual(thunderbird.source(key, "INBOX", subject).encode("latin-1"), answer[0][1])
        self.assertIn("\n.A line with a dot.", thunderbird.source(POP3, "INBOX", "first"))

    def change_folders_and_flags(self, thunderbird, alice, bob):
        for key, client, subject in ((STARTTLS_IMAP, alice, "lunch"), (TLS_IMAP, bob, "second")):
            thunderbird.create(key, None, "Umzug ß")
            wait_for(lambda: "Umzug ß" in thunderbird.mail(key), "the new folder")
            thunderbird.create(key, "Umzug ß", "R & D")
            wait_for(lambda: "Umzug ß/R & D" in thunderbird.mail(key), "the folder in the folder")
            thunderbird.move(key, "INBOX", subject, "Umzug ß/R & D")
            self.assertEqual(set(self.agree(thunderbird, key, client)["Umzug ß/R & D"]), {subject})
            self.assertIn("Umzug ß/R & D", [line.decode().split('"/" ')[1].strip('"')
                                            for line in self.did(client.lsub())])
        thunderbird.mark(STARTTLS_IMAP, "INBOX", "report", {"read": True, "flagged": True, "tag": "$label1"})
        thunderbird.mark(STARTTLS_IMAP, "Pläne", "plan", {"read": False, "flagged": False})
        thunderbird.trash(STARTTLS_IMAP, "INBOX", "advert")
        wait_for(lambda: "advert" in self.stored(alice)["Trash"], "the message in Trash")
        now = self.agree(thunderbird, STARTTLS_IMAP, alice)
        self.assertEqual(now["INBOX"], {"report": "read flagged $label1"})
        self.assertEqual(now["Pläne"], {"plan": ""})

    def send(self, thunderbird, alice, bob, word):
        """From alice through 587 and from bob through 465, also as he who has POP3."""
        attachment = os.path.join(self.scratch("attachments"), "Größe.bin")
        with open(attachment, "wb") as out:
            out.write(bytes(range(256)) * 2000)
        text = "Grüße\n.\n..dots\nFrom here\n"
        for key, sender, recipient in ((STARTTLS_IMAP, alice, BOB), (TLS_IMAP, bob, ALICE), (POP3, None, ALICE)):
            subject = f"sent {word} by {key} ü"
            thunderbird.send(key, recipient, subject, text, attachment)
            if sender:
                self.assertEqual(self.stored(sender)["Sent"].get(subject), "read")
            client = bob if recipient == BOB else alice
            self.did(client.select("INBOX", readonly=True))
            answer = self.did(client.uid("FETCH", self.number(client, f"{word} by {key}"), "(BODY.PEEK[])"))
            message = email.message_from_bytes(answer[0][1], policy=email.policy.default)
            self.assertEqual(message.get_body().get_content().replace("\r\n", "\n").rstrip(), text.rstrip())
            (part,) = message.iter_attachments()
            self.assertEqual(part.get_filename(), "Größe.bin")
            self.assertEqual(part.get_content(), bytes(range(256)) * 2000)

    def be_told_at_once(self, thunderbird, alice, bob):
        """What comes while it idles is shown without being asked for."""
        self.synchronise(thunderbird, alice, bob)
        numbers = itertools.count(1)
        # What comes before it idles it may well leave for the next look.
        deliver = every(15, lambda: self.deliver(ALICE, f"news {next(numbers)}"))

        def is_told():
            deliver()
            return any(subject.startswith("news") for subject in thunderbird.mail(STARTTLS_IMAP)["INBOX"])

        wait_for(is_told, "news by IDLE")

    def change_elsewhere(self, alice, bob):
        self.deliver(ALICE, "later")
        self.deliver(BOB, "later")
        for client, subject in ((alice, "lunch"), (bob, "second")):
            self.did(client.select('"Umzug ß/R & D"'))
            self.did(client.uid("MOVE", self.number(client, subject), "INBOX"))
            self.did(client.rename('"Umzug ß"', '"Haus"'))
        self.did(alice.create("Notes"))
        self.did(alice.select("INBOX"))
        report = self.number(alice, "report")
        self.did(alice.uid("STORE", report, "-FLAGS", r"(\Flagged $label1)"))
        self.did(alice.uid("STORE", report, "+FLAGS", r"(\Answered)"))
        self.did(alice.select('"Pläne"'))
        self.did(alice.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)"))
        self.did(alice.expunge())
        self.did(alice.append('"Pläne"', r"(\Answered)", None, harness.message("idea").encode()))
        self.did(bob.select("INBOX"))
        self.did(bob.uid("STORE", self.number(bob, "first"), "+FLAGS", r"(\Deleted)"))
        self.did(bob.expunge())

    def find_what_changed(self, thunderbird, alice, bob):
        of_alice, of_bob, by_pop = self.synchronise(thunderbird, alice, bob)
        self.assertEqual(of_alice["INBOX"]["report"], "read answered")
        self.assertLessEqual({"lunch", "news 1", "later"}, set(of_alice["INBOX"]))
        self.assertEqual(of_alice["Pläne"], {"idea": "answered"})
        for folders in (of_alice, of_bob):
            self.assertIn("Haus/R & D", folders)
            self.assertNotIn("Umzug ß", folders)
        self.assertLessEqual({"second", "later"}, set(of_bob["INBOX"]))
        self.assertNotIn("first", of_bob["INBOX"])
        # It keeps what it has fetched, and fetches nothing twice but what was moved away and back: that is another.
        self.assertEqual(by_pop["INBOX"], {"first": "", "second": "twice", "later": "",
                                           f"sent once by {STARTTLS_IMAP} ü": ""})

    def change_again(self, thunderbird, alice, bob):
        thunderbird.move(STARTTLS_IMAP, "INBOX", "later", "Notes")
        self.agree(thunderbird, STARTTLS_IMAP, alice)
        thunderbird.rename(STARTTLS_IMAP, "Pläne", "Zettel")
        wait_for(lambda: "Zettel" in thunderbird.mail(STARTTLS_IMAP), "the folder by its new name")
        thunderbird.mark(STARTTLS_IMAP, "INBOX", "report", {"read": False})
        thunderbird.remove(STARTTLS_IMAP, "Haus")
        wait_for(lambda: "Haus" not in thunderbird.mail(STARTTLS_IMAP), "the folder to go")
        thunderbird.mark(TLS_IMAP, "INBOX", "second", {"flagged": True})
        thunderbird.trash(POP3, "INBOX", "later")
        thunderbird.look(POP3)
        self.assertNotIn("later", self.stored(bob)["INBOX"])
        of_alice, of_bob, _ = self.synchronise(thunderbird, alice, bob)
        self.assertEqual(of_alice["Notes"], {"later": ""})
        self.assertEqual(of_alice["Zettel"], {"idea": "answered"})
        self.assertNotIn("Pläne", of_alice)
        self.assertIn("Trash/Haus/R & D", of_alice)
        self.assertEqual(of_alice["INBOX"]["report"], "answered")
        self.assertEqual(of_bob["INBOX"]["second"], "flagged")

    def keep_picture(self, thunderbird):
        wait_for(lambda: thunderbird.show(STARTTLS_IMAP, "INBOX", "lunch", "A line with a dot."),
                 "the message to be shown")
        os.makedirs(ARTEFACTS, exist_ok=True)
        with open(os.path.join(ARTEFACTS, "thunderbird.png"), "wb") as out:
            out.write(thunderbird.screenshot())

    def end(self, thunderbird):
        self.assertEqual(thunderbird.alerts(), [])
        thunderbird.end()
        self.assertTrue(thunderbird.answers())
        self.assertEqual([answer for answer in thunderbird.answers() if answer.split()[1] != "OK"], [])


if __name__ == "__main__":
    harness.main(tools=["thunderbird", "Xvfb"])
