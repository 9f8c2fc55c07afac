"""`waxwing mailbox import` and `export`: what another program has kept comes over with all that its
clients know of it, and what we keep can be taken away again."""

import mailbox
import os
import poplib
import imaplib
import unittest

import harness
from harness import PASSWORD

VALIDITY = 1275660208
LETTER = "From: a@example.net\nTo: b@example.test\nSubject: {}\n\nText of {}.\nFrom here on it goes on.\n"


class Import(harness.LiveTest):
    def account(self, name):
        address = name + "@example.test"
        self.server.command("account", "add", address, "--password-stdin", text=PASSWORD + "\n")
        return address

    def imap(self, address):
        client = imaplib.IMAP4_SSL("localhost", self.server.port(993), ssl_context=self.server.tls(), timeout=30)
        client.login(address, PASSWORD)
        return client

    def dovecot(self):
        """A Maildir++ as Dovecot leaves it, with gaps where messages were expunged."""
        root = os.path.join(self.folder(), "Maildir")
        def folder(name, validity, messages, keywords=()):
            path = os.path.join(root, name)
            for part in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(path, part))
            lines = [f"3 V{validity} N5000 G3085f01b7f11094c501100008c4a11c1"]
            for uid, base, flags, extra in messages:
                target = os.path.join(path, "cur", f"{base}:2,{flags}")
                with open(target, "w") as file:
                    file.write(LETTER.format(base, base))
                os.utime(target, (1276528487 + uid, 1276528487 + uid))
                lines.append(f"{uid} {extra}:{base}:2,S")
            with open(os.path.join(path, "dovecot-uidlist"), "w") as file:
                file.write("\n".join(lines) + "\n")
            with open(os.path.join(path, "dovecot-keywords"), "w") as file:
                file.writelines(f"{n} {word}\n" for n, word in enumerate(keywords))
        folder("", VALIDITY, [(7, "1276528487.M7P1.host,S=90", "S", ""), (12, "1276528488.M8P1.host", "FRab", "Pold-12 "),
                              (4711, "1276528489.M9P1.host", "", "")], ("$Forwarded", "work"))
        folder(".Sent", 1275660300, [(3, "1276528490.M1P1.host", "S", "")])
        folder(".Projects.Gr&APYA3w-e", 1275660301, [])
        with open(os.path.join(root, "new", "1276530000.M1P1.host"), "w") as file:
            file.write(LETTER.format("unnumbered", "unnumbered"))
        with open(os.path.join(root, "subscriptions"), "w") as file:
            file.write("V\t2\n\nINBOX\nProjects\tGr&APYA3w-e\n")
        return root

    def folder(self):
        path = os.path.join(self.server.folder, self.id())
        os.makedirs(path, exist_ok=True)
        return path

    def refused(self, *arguments):
        done = self.server.command(*arguments, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def flags(self, client, uid):
        return set(imaplib.ParseFlags(client.uid("FETCH", str(uid), "(FLAGS)")[1][0]))

    def test_no_client_of_dovecot_has_to_download_anything_again(self):
        address = self.account("mover")
        root = self.dovecot()
        for stored in (5, 1):  # the second time only what has no UID comes again
            said = self.server.command("mailbox", "import", "--from", "dovecot", root, address)
            self.assertIn(f"{stored} of 5 messages", said)
        client = self.imap(address)
        client.select("INBOX")
        self.assertEqual(client.response("UIDVALIDITY")[1], [str(VALIDITY).encode()])
        self.assertEqual(client.uid("SEARCH", "ALL")[1], [b"7 12 4711 4712 4713"])
        self.assertEqual(self.flags(client, 7) - {b"\\Recent"}, {b"\\Seen"})
        self.assertEqual(self.flags(client, 12) - {b"\\Recent"}, {b"\\Flagged", b"\\Answered", b"$Forwarded", b"work"})
        answer = client.uid("FETCH", "7", "(INTERNALDATE BODY.PEEK[])")[1][0]
        self.assertIn(b'INTERNALDATE "14-Jun-2010 15:14:54 +0000"', answer[0])
        self.assertEqual(answer[1].decode(), LETTER.format("1276528487.M7P1.host,S=90", "1276528487.M7P1.host,S=90").replace("\n", "\r\n"))
        client.select("Sent")
        self.assertEqual(client.uid("SEARCH", "ALL")[1], [b"3"])
        subscribed = {line.split(b' "/" ')[1] for line in client.lsub()[1]}
        self.assertEqual(subscribed, {b"INBOX", b"Projects/Gr&APYA3w-e"} | {n for n in subscribed if n == b"Projects"})
        client.logout()
        pop = poplib.POP3_SSL("localhost", self.server.port(995), context=self.server.tls(), timeout=30)
        pop.user(address)
        pop.pass_(PASSWORD)
        uidls = [line.split()[1].decode() for line in pop.uidl()[1]]
        self.assertEqual(uidls[:3], [f"{7:08x}{VALIDITY:08x}", "old-12", f"{4711:08x}{VALIDITY:08x}"])
        pop.quit()
        # A mailbox that has had mail of its own keeps its UIDs.
        other = self.account("settled")
        client = self.imap(other)
        client.append("INBOX", None, None, b"Subject: own\r\n\r\n")
        client.logout()
        said = self.refused("mailbox", "import", "--from", "dovecot", root, other)
        self.assertIn("has had messages of its own", said)
        self.assertIn("all is well", self.server.command("mailbox", "verify", address))

    def test_mail_can_be_taken_away_and_comes_back_the_same(self):
        address = self.account("traveller")
        self.server.command("mailbox", "import", "--from", "dovecot", self.dovecot(), address)
        folder = self.folder()
        maildir, mbox = os.path.join(folder, "out"), os.path.join(folder, "mboxes")
        self.assertIn("5 messages", self.server.command("mailbox", "export", "--to", "maildir", maildir, address))
        read = mailbox.Maildir(maildir, create=False)
        self.assertEqual(sorted(m.get_flags() for m in read), ["", "", "FRab", "S"])
        self.assertEqual(sorted(read.list_folders()), ["Archive", "Drafts", "Junk", "Projects", "Projects.Gr&APYA3w-e", "Sent", "Trash"])
        again = self.account("returned")
        self.server.command("mailbox", "import", "--from", "dovecot", maildir, again)
        client = self.imap(again)
        client.select("INBOX")
        self.assertEqual(client.response("UIDVALIDITY")[1], [str(VALIDITY).encode()])
        self.assertEqual(client.uid("SEARCH", "ALL")[1], [b"7 12 4711 4712"])
        client.logout()
        self.server.command("mailbox", "export", "--to", "mbox", mbox, address)
        read = mailbox.mbox(os.path.join(mbox, "INBOX.mbox"), create=False)
        self.assertEqual([m["Subject"] for m in read][3], "unnumbered")
        self.assertEqual(set(read[1].get_flags()), set("OFA"))
        third = self.account("third")
        self.server.command("mailbox", "import", "--from", "mbox", mbox, third)
        client = self.imap(third)
        client.select("INBOX")
        answer = client.fetch("2", "(FLAGS BODY.PEEK[])")[1][0]
        self.assertIn(b"\\Flagged", answer[0])
        self.assertIn(b"work", answer[0])
        self.assertEqual(answer[1].decode(), LETTER.format("1276528488.M8P1.host", "1276528488.M8P1.host").replace("\n", "\r\n"))
        client.logout()

    def test_no_name_of_a_mailbox_leads_out_of_an_export_or_into_another_file(self):
        address = self.account("prankster")
        names = ["../../ESCAPED/x", "p", "zz/../p", "foo", "foo.mbox/bar", "./.hidden", "q.mbox"]
        client = self.imap(address)
        for name in names:
            self.assertEqual(client.create(f'"{name}"')[0], "OK", name)
            client.append(f'"{name}"', None, None, f"Subject: {name}\r\n\r\n".encode())
        client.logout()
        above = self.folder()
        target = os.path.join(above, "a", "out")
        self.assertIn(f"{len(names)} messages", self.server.command("mailbox", "export", "--to", "mbox", target, address))
        self.assertEqual(os.listdir(above), ["a"])
        self.assertEqual(os.listdir(os.path.join(above, "a")), ["out"])
        again = self.account("prankster2")
        self.assertIn(f"{len(names)} of {len(names)} messages", self.server.command("mailbox", "import", "--from", "mbox", target, again))
        client = self.imap(again)
        for name in names:
            self.assertEqual(client.select(f'"{name}"'), ("OK", [b"1"]), name)
            self.assertIn(f"Subject: {name}".encode(), client.fetch("1", "BODY.PEEK[]")[1][0][1])
        client.logout()

    def test_ids_of_pop3_go_back_to_dovecot(self):
        address = self.account("pops")
        self.server.command("mailbox", "import", "--from", "dovecot", self.dovecot(), address)
        target = os.path.join(self.folder(), "out")
        self.server.command("mailbox", "export", "--to", "maildir", target, address)
        pop = poplib.POP3_SSL("localhost", self.server.port(995), context=self.server.tls(), timeout=30)
        pop.user(address)
        pop.pass_(PASSWORD)
        uidls = [line.split()[1].decode() for line in pop.uidl()[1]]
        pop.quit()
        with open(os.path.join(target, "dovecot-uidlist")) as file:
            lines = file.read().splitlines()[1:]
        self.assertEqual([line.split(" :")[0] for line in lines],
                         [f"{uid} P{uidl}" for uid, uidl in zip((7, 12, 4711, 4712), uidls)])
        self.assertEqual(uidls[3], f"{VALIDITY}.4712")

    def test_mistakes_are_told(self):
        address = self.account("careful")
        said = self.refused("mailbox", "import", "--from", "maildir", "/nowhere", address)
        self.assertIn("is no Maildir", said)
        said = self.refused("mailbox", "import", "--from", "pst", "/nowhere", address)
        self.assertIn("choose maildir, mbox or dovecot", said)
        said = self.refused("mailbox", "export", "--to", "maildir", self.server.folder, address)
        self.assertIn("not empty", said)
        said = self.refused("mailbox", "import", "--from", "dovecot", self.dovecot(), "nobody@example.test")
        self.assertIn("nobody@example.test", said)


if __name__ == "__main__":
    harness.main()
