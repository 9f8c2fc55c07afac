"""Python's smtplib, imaplib and poplib: mail in through every SMTP port in each of its modes, and
out through every IMAP and POP3 port in each of theirs."""

import email
import email.policy
import imaplib
import poplib
import smtplib
import socket
import unittest

import harness
from harness import ALICE, BOB, PASSWORD

DOORS_IN = [(port, mode) for port in (25, 26, 2025, 2525) for mode in ("clear", "starttls")]
DOORS_IN += [(587, "starttls"), (465, "implicit")]
IMAP_DOORS = [(143, "clear"), (143, "starttls"), (993, "implicit")]
POP_DOORS = [(110, "clear"), (110, "starttls"), (995, "implicit"), (995, "starttls")]


class Clients(harness.LiveTest):
    def smtp(self, port, mode):
        where = ("localhost", self.server.port(port))
        if mode == "implicit":
            return smtplib.SMTP_SSL(*where, context=self.server.tls(), timeout=30)
        client = smtplib.SMTP(*where, timeout=30)
        if mode == "starttls":
            client.starttls(context=self.server.tls())
        return client

    def imap(self, port=993, mode="implicit", user=BOB):
        if mode == "implicit":
            client = imaplib.IMAP4_SSL("localhost", self.server.port(port), ssl_context=self.server.tls(), timeout=30)
        else:
            client = imaplib.IMAP4("localhost", self.server.port(port), timeout=30)
            if mode == "starttls":
                client.starttls(self.server.tls())
        client.login(user, PASSWORD)
        return client

    def pop(self, port, mode, user=BOB):
        if mode == "implicit":
            client = poplib.POP3_SSL("localhost", self.server.port(port), context=self.server.tls(), timeout=30)
        else:
            client = poplib.POP3("localhost", self.server.port(port), timeout=30)
            if mode == "starttls":
                client.stls(self.server.tls())
        client.user(user)
        client.pass_(PASSWORD)
        return client

    def subjects_by_imap(self, client, folder="INBOX"):
        client.select(folder, readonly=True)
        status, numbers = client.search(None, "ALL")
        self.assertEqual(status, "OK")
        if not numbers[0]:
            return []
        status, answer = client.fetch(numbers[0].replace(b" ", b",").decode(), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        self.assertEqual(status, "OK")
        return [part[1].decode().split(":", 1)[1].strip() for part in answer if isinstance(part, tuple)]

    def test_every_door_in_and_every_door_out(self):
        sent = []
        for port, mode in DOORS_IN:
            with self.subTest(port=port, mode=mode), self.smtp(port, mode) as client:
                subject = f"door-{port}-{mode}"
                client.login(ALICE, PASSWORD)
                self.assertEqual(client.sendmail(ALICE, [BOB], harness.message(subject)), {})
                sent.append(subject)
        for port, mode in IMAP_DOORS:
            with self.subTest(port=port, mode=mode):
                client = self.imap(port, mode)
                self.assertLessEqual(set(sent), set(self.subjects_by_imap(client)))
                client.logout()
        for port, mode in POP_DOORS:
            with self.subTest(port=port, mode=mode):
                client = self.pop(port, mode)
                found = []
                for number in range(1, len(client.list()[1]) + 1):
                    raw = b"\r\n".join(client.retr(number)[1])
                    parsed = email.message_from_bytes(raw, policy=email.policy.default)
                    found.append(parsed["Subject"])
                    self.assertIn(".A line with a dot.", parsed.get_content())
                client.quit()
                self.assertLessEqual(set(sent), set(found))

    def test_mail_from_outside_needs_no_sign_in_and_goes_nowhere_else(self):
        with self.smtp(25, "clear") as client:
            client.ehlo("sender.example")
            client.sendmail("someone@sender.example", [ALICE], harness.message("from-outside", "someone@sender.example", ALICE))
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("someone@sender.example", ["other@elsewhere.example"], harness.message("relay"))
            code, text = refused.exception.recipients["other@elsewhere.example"]
            self.assertEqual(code, 550)
            self.assertIn(b"5.7.1", text)
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("someone@sender.example", ["nobody@example.test"], harness.message("unknown"))
            self.assertIn(b"5.1.1", refused.exception.recipients["nobody@example.test"][1])
        client = self.imap(user=ALICE)
        self.assertIn("from-outside", self.subjects_by_imap(client))
        client.logout()

    def test_wrong_password_is_refused_everywhere(self):
        with self.smtp(465, "implicit") as client:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                client.login(ALICE, "wrong-1")
            self.assertEqual(refused.exception.smtp_code, 535)
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls(), timeout=30)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "AUTHENTICATIONFAILED"):
            client.login(ALICE, "wrong-1")
        client.logout()
        client = poplib.POP3_SSL("localhost", self.server.port(995), context=self.server.tls(), timeout=30)
        client.user(ALICE)
        with self.assertRaisesRegex(poplib.error_proto, r"\[AUTH\]"):
            client.pass_("wrong-1")
        client.quit()
        self.assertNotIn("wrong-1", self.server.log())

    def test_imap_append_copy_flags_expunge(self):
        client = self.imap(user=ALICE)
        self.assertEqual(client.create("Projects/Nested")[0], "OK")
        status, answer = client.append("Projects/Nested", r"(\Seen)", None, harness.message("appended").encode())
        self.assertEqual(status, "OK")
        self.assertRegex(answer[0].decode(), r"APPENDUID \d+ 1")
        client.select("Projects/Nested")
        self.assertEqual(client.copy("1", "Archive")[0], "OK")
        self.assertEqual(client.store("1", "+FLAGS", r"(\Deleted $Label1)")[0], "OK")
        self.assertIn(b"$Label1", client.fetch("1", "(FLAGS)")[1][0])
        self.assertEqual(client.expunge()[1], [b"1"])
        self.assertIn("appended", self.subjects_by_imap(client, "Archive"))
        client.logout()

    def test_pop3_deletes_at_quit_only(self):
        carol = "carol@example.test"
        self.server.command("account", "add", carol, "--password-stdin", text=PASSWORD + "\n")
        with self.smtp(25, "clear") as client:
            for subject in ("one", "two"):
                client.sendmail("x@sender.example", [carol], harness.message(subject, "x@sender.example", carol))
        client = self.pop(995, "implicit", carol)
        uidls = client.uidl()[1]
        self.assertEqual(len(uidls), 2)
        client.dele(1)
        client.sock.shutdown(socket.SHUT_RDWR)  # the connection breaks: nothing is deleted
        client.close()
        client = self.pop(995, "implicit", carol)
        self.assertEqual(client.uidl()[1], uidls)
        client.dele(1)
        client.quit()
        client = self.pop(110, "clear", carol)
        self.assertEqual([line.split()[1] for line in client.uidl()[1]], [uidls[1].split()[1]])
        client.quit()

    def test_pop3_keep_hides_from_pop3_and_leaves_in_imap(self):
        dave = "dave@example.test"
        self.server.command("account", "add", dave, "--password-stdin", text=PASSWORD + "\n")
        self.server.command("account", "pop3", dave, "keep")
        with self.smtp(25, "clear") as client:
            for subject in ("kept", "new"):
                client.sendmail("x@sender.example", [dave], harness.message(subject, "x@sender.example", dave))
        client = self.pop(995, "implicit", dave)
        self.assertIn(b"Subject: kept", client.retr(1)[1])
        client.dele(1)
        client.quit()
        client = self.pop(995, "implicit", dave)
        self.assertEqual(client.stat()[0], 1)
        self.assertIn(b"Subject: new", client.retr(1)[1])
        client.quit()
        self.assertEqual(self.subjects_by_imap(self.imap(user=dave)), ["kept", "new"])
        self.server.command("account", "pop3", dave, "off")
        with self.assertRaisesRegex(poplib.error_proto, "POP3 is switched off"):
            self.pop(995, "implicit", dave)

    def test_a_full_account_takes_nothing_more_until_there_is_room(self):
        erin = "erin@example.test"
        self.server.command("account", "add", erin, "--password-stdin", text=PASSWORD + "\n")
        self.server.command("account", "quota", erin, "20KiB", "--messages", "3")
        letter = harness.message("big", "x@sender.example", erin) + "\r\n" + "x" * 78 + "\r\n"
        letter += ("y" * 78 + "\r\n") * 150  # about 12 KiB
        with self.smtp(25, "clear") as client:
            client.sendmail("x@sender.example", [erin], letter)
            # The size is announced, so that it need not come to be refused.
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("x@sender.example", [erin], letter)
            code, text = refused.exception.recipients[erin]
            self.assertEqual(code, 452)
            self.assertIn(b"4.2.2", text)
        client = self.imap(user=erin)
        roots, quotas = client.getquotaroot("INBOX")[1]
        self.assertEqual(roots, [b"INBOX " + erin.encode()])
        self.assertRegex(quotas[0], rb"^erin@example.test \(STORAGE 1\d 20 MESSAGE 1 3\)$")
        status, answer = client.append("Sent", None, None, letter.encode())
        self.assertEqual(status, "NO")
        self.assertIn(b"OVERQUOTA", answer[0])
        client.select("INBOX")
        status, answer = client.copy("1", "Archive")
        self.assertEqual(status, "NO")
        self.assertIn(b"OVERQUOTA", answer[0])
        self.assertEqual(client.append("Sent", None, None, b"Subject: s\r\n\r\n")[0], "OK")
        self.assertEqual(client.append("Sent", None, None, b"Subject: s\r\n\r\n")[0], "OK")
        self.assertEqual(client.append("Sent", None, None, b"Subject: s\r\n\r\n")[0], "NO")
        with self.smtp(25, "clear") as sender:
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                sender.sendmail("x@sender.example", [erin], "Subject: s\r\n\r\n")
            self.assertEqual(refused.exception.recipients[erin][0], 452)
            client.store("1", "+FLAGS", r"(\Deleted)")
            self.assertEqual(client.expunge()[0], "OK")
            sender.sendmail("x@sender.example", [erin], "Subject: room again\r\n\r\n")
        client.logout()

    def test_idle_session_learns_of_new_mail(self):
        client = self.imap(user=ALICE)
        client.select("INBOX")
        tag = client._new_tag()
        client.send(tag + b" IDLE\r\n")
        self.assertTrue(client.readline().startswith(b"+ "))
        with self.smtp(25, "clear") as sender:
            sender.sendmail("x@sender.example", [ALICE], harness.message("pushed", "x@sender.example", ALICE))
        line = client.readline()
        while b"EXISTS" not in line:
            self.assertTrue(line.startswith(b"* "), line)
            line = client.readline()
        client.send(b"DONE\r\n")
        while not line.startswith(tag):
            line = client.readline()
        self.assertIn(b"OK", line)
        client.logout()

    def test_one_message_to_both_is_there_for_both(self):
        with self.smtp(587, "starttls") as client:
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, [ALICE, BOB], harness.message("to-both"))
        for user in (ALICE, BOB):
            client = self.imap(user=user)
            self.assertEqual(self.subjects_by_imap(client).count("to-both"), 1)
            client.logout()

    def test_who_and_kick(self):
        client = self.imap(user=BOB)
        shown = self.server.command("who", "--json")
        self.assertIn(BOB, shown)
        client.logout()


if __name__ == "__main__":
    harness.main()
