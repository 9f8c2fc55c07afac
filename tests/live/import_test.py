"""`waxwing mailbox import` and `export`: what another program has kept comes over with all that its
clients know of it, and what we keep can be taken away again."""

import base64
import gzip
import mailbox
import os
import poplib
import imaplib
import signal
import subprocess
import unittest

import harness
from harness import PASSWORD

VALIDITY = 1275660208
LETTER = "From: a@example.net\nTo: b@example.test\nSubject: {}\n\nText of {}.\nFrom here on it goes on.\n"


class Import(harness.LiveTest):
    def account(self, name):
        address = name + "@example.test"
        self.server.ask("account add", address=address, password=PASSWORD)
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
        for stored in (5, 0):
            said = self.server.command("mailbox", "import", "--from", "dovecot", root, address)
            self.assertIn(f"{stored} of 5 messages", said)
        client = self.imap(address)
        client.select("INBOX")
        self.assertEqual(client.response("UIDVALIDITY")[1], [str(VALIDITY).encode()])
        self.assertEqual(client.uid("SEARCH", "ALL")[1], [b"7 12 4711 4712"])
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
        self.assertNotIn("goes on from there", said)
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

    def test_long_and_deep_names_leave_and_come_back(self):
        address = self.account("longnames")
        level = "&" + base64.b64encode(("\u65e5" * 60).encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
        names = ["/".join([level] * 4), "/".join(["Deep"] + ["1"] * 400)]
        client = self.imap(address)
        for name in names:
            self.assertEqual(client.create(f'"{name}"')[0], "OK", name)
            client.append(f'"{name}"', None, None, b"Subject: x\r\n\r\n")
        listed = sorted(client.lsub()[1])
        client.logout()
        for form, read_as in (("maildir", "dovecot"), ("mbox", "mbox")):
            target = os.path.join(self.folder(), "out-" + form)
            self.assertIn("2 messages", self.server.command("mailbox", "export", "--to", form, target, address))
            again = self.account("longnames" + form)
            self.assertIn("2 of 2 messages", self.take(read_as, target, again))
            client = self.imap(again)
            for name in names:
                self.assertEqual(client.select(f'"{name}"'), ("OK", [b"1"]), name)
            if read_as == "dovecot":
                self.assertEqual(sorted(client.lsub()[1]), listed)
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

    def maildir(self, *messages, folder="Maildir"):
        root = os.path.join(self.folder(), folder)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(root, part), exist_ok=True)
        for name, text in messages:
            with open(os.path.join(root, "cur", name), "wb") as file:
                file.write(text)
        return root

    def count(self, address, name="INBOX"):
        client = self.imap(address)
        answer = client.select(name, readonly=True)
        client.logout()
        self.assertEqual(answer[0], "OK", answer)
        return int(answer[1][0])

    def texts(self, address, name="INBOX"):
        client = self.imap(address)
        count = int(client.select(name, readonly=True)[1][0])
        found = [part[1] for part in client.fetch("1:*", "BODY.PEEK[]")[1] if isinstance(part, tuple)] if count else []
        client.logout()
        return found

    def take(self, source, path, address, *options):
        return self.server.command("mailbox", "import", "--from", source, *options, path, address)

    def test_no_link_is_followed(self):
        address = self.account("linker")
        secret = os.path.join(self.folder(), "secret")
        with open(secret, "w") as file:
            file.write("From root Thu Nov 26 10:00:00 2026\nSubject: secret\n\nsecret\n")
        other = self.maildir(("1.other:2,S", b"Subject: other\n\nsecret\n"), folder="other")
        root = self.dovecot()
        os.symlink(secret, os.path.join(root, "cur", "1.a.h:2,S"))
        os.mkfifo(os.path.join(root, "cur", "1.b.h:2,S"))
        os.symlink(other, os.path.join(root, ".Linked"))
        os.unlink(os.path.join(root, ".Sent", "dovecot-uidlist"))
        os.symlink(secret, os.path.join(root, ".Sent", "dovecot-uidlist"))
        os.rmdir(os.path.join(root, ".Projects.Gr&APYA3w-e", "new"))
        os.symlink(os.path.join(other, "cur"), os.path.join(root, ".Projects.Gr&APYA3w-e", "new"))
        said = self.take("dovecot", root, address)
        self.assertIn("5 of 5 messages", said)
        self.assertRegex(said, r"left out \d: a link")
        self.assertIn("left out 1: a file of Dovecot's", said)
        self.assertIn(os.path.join(root, ".Sent", "dovecot-uidlist"), said)
        self.assertEqual([text for name in ("INBOX", "Sent") for text in self.texts(address, name) if b"secret" in text], [])
        boxes = os.path.join(self.folder(), "boxes")
        os.mkdir(boxes)
        os.symlink(secret, os.path.join(boxes, "Secret.mbox"))
        os.symlink(other, os.path.join(boxes, "folder"))
        said = self.take("mbox", boxes, address)
        self.assertIn("0 of 0 messages", said)
        self.assertIn("left out 2: a link", said)
        # What the operator names may be one.
        link = os.path.join(self.folder(), "link.mbox")
        os.symlink(secret, link)
        self.assertIn("1 of 1 messages", self.take("mbox", link, address, "--mailbox", "Named"))

    def test_a_command_that_is_repeated_puts_nothing_in_twice(self):
        address = self.account("repeater")
        same = b"Subject: twice\n\nthe same\n"
        root = self.maildir(*((f"{n}.M1P1.host:2,S", same if n < 102 else f"Subject: {n}\n\n{n}\n".encode()) for n in range(100, 110)))
        self.assertIn("10 of 10 messages", self.take("maildir", root, address))
        self.assertIn("0 of 10 messages", self.take("maildir", root, address))
        self.maildir(("99.M1P1.host:2,", b"Subject: late\n\nlate\n"))
        self.assertIn("1 of 11 messages", self.take("maildir", root, address))
        self.assertEqual(self.count(address), 11)
        mbox = os.path.join(self.folder(), "x.mbox")
        with open(mbox, "w") as file:
            file.write("From a@b\nSubject: dateless\n\nx\n\nFrom a@b Thu Nov 26 10:00:00 2026\nSubject: b\n\nx\n")
        for stored in (2, 0):
            self.assertIn(f"{stored} of 2 messages", self.take("mbox", mbox, address, "--mailbox", "Box"))
        self.assertEqual(self.count(address, "Box"), 2)

    def test_an_interrupted_import_goes_on(self):
        address = self.account("interrupted")
        total = 3000
        root = self.maildir(*((f"{n}.M1P1.host:2,S", f"Subject: {n}\n\n{n}\n".encode()) for n in range(total)))
        command = [harness.BINARY, "mailbox", "import", "--config", self.server.config, "--from", "maildir", root, address]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_for(lambda: self.count(address) > 0, "the first messages")
        running.send_signal(signal.SIGTERM)
        running.wait()
        self.take("maildir", root, address)
        texts = self.texts(address)
        self.assertEqual(len(texts), total)
        self.assertEqual(len(set(texts)), total)

    def test_a_uid_that_others_have_by_now_costs_no_message(self):
        address = self.account("renumbered")
        root = self.dovecot()
        self.take("dovecot", root, address)  # "unnumbered" is 4712 here
        client = self.imap(address)
        client.select("INBOX")
        client.uid("STORE", "12", "+FLAGS", "\\Deleted")
        client.expunge()
        client.logout()
        # Dovecot gives 4712 to a message that came since, and 4713 to that one.
        os.rename(os.path.join(root, "new", "1276530000.M1P1.host"), os.path.join(root, "cur", "1276530000.M1P1.host:2,"))
        with open(os.path.join(root, "cur", "1276540000.M1P1.host:2,"), "w") as file:
            file.write(LETTER.format("late", "late"))
        with open(os.path.join(root, "dovecot-uidlist"), "a") as file:
            file.write("4712 :1276540000.M1P1.host\n4713 :1276530000.M1P1.host\n")
        said = self.take("dovecot", root, address)
        self.assertIn("1 of 6 messages", said)
        self.assertIn("1 got new UIDs", said)
        subjects = [text.split(b"\r\n")[2] for text in self.texts(address)]
        self.assertEqual(subjects[-2:], [b"Subject: unnumbered", b"Subject: late"])
        self.assertEqual(len(subjects), 4)  # what its user has removed stays away

    def test_compressed_messages_are_read_or_refused(self):
        address = self.account("packed")
        letter = LETTER.format("packed", "packed").encode()
        packed = gzip.compress(letter)
        root = self.maildir((f"1.a.host,S={len(letter)}:2,S", packed), (f"2.b.host,S={len(letter)}:2,S", packed[:-9]),
                            ("3.c.host:2,S", b"BZh91AY&SY\x80\x01"), ("4.d.host:2,S", b"\xfd7zXZ\0\0\4"), ("5.e.host:2,S", b"\x28\xb5\x2f\xfd\0"),
                            ("6.f.host:2,S", b"\x04\x22\x4d\x18\0"), ("7.g.host:2,S", b"CRYPTED\x03\x07\1"),
                            ("8.h.host,S=9:2,S", letter))
        said = self.take("maildir", root, address)
        self.assertIn("2 of 8 messages", said)
        for reason in ("gzip, and broken", "bzip2", "xz", "zstd", "lz4", "encrypted by Dovecot"):
            self.assertRegex(said, f"left out 1: .*{reason}")
        self.assertEqual(self.texts(address), [letter.replace(b"\n", b"\r\n")] * 2)

    def test_a_name_that_no_mailbox_can_have_costs_no_other_mailbox(self):
        address = self.account("oddnames")
        root = self.dovecot()
        self.maildir(("1.x.host:2,S", b"Subject: x\n\nx\n"), folder="Maildir/.a..b")
        with open(os.path.join(root, "subscriptions"), "w") as file:
            file.write("INBOX\nINBOX.Sent\n")
        said = self.take("dovecot", root, address)
        self.assertIn("5 of 5 messages", said)
        self.assertIn("left out 1: a folder whose name", said)
        client = self.imap(address)
        subscribed = [line for line in client.lsub()[1]]
        client.logout()
        self.assertEqual({line.split(b' "/" ')[1] for line in subscribed}, {b"INBOX", b"Sent"})
        boxes = os.path.join(self.folder(), "boxes")
        os.mkdir(boxes)
        for name in (b"good", b"bad\xff", b"x\x01", b"notes.txt", b"long" * 30 + b".mbox"):
            with open(os.path.join(os.fsencode(boxes), name), "w") as file:
                file.write("a note\n" if name == b"notes.txt" else "From a@b Thu Nov 26 10:00:00 2026\nSubject: x\n\nx\n")
        self.assertIn("2 of 2 messages", self.take("mbox", boxes, address))
        self.assertEqual(self.count(address, "good"), 1)

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
        self.assertNotIn("goes on from there", said)


if __name__ == "__main__":
    harness.main()
