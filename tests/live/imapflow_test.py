"""imapflow, the library of many web mailers: two clients on one account, through TLS and STARTTLS, with
IDLE, CONDSTORE and QRESYNC. What they do and expect is in imapflow.mjs.

`./dev packages test` installs the library where there is an npm."""

import os
import unittest

import harness
from harness import ALICE, PASSWORD

MODULES = os.path.join(harness.SOURCE, "build", "node", "node_modules")
OFFERED = "IDLE CONDSTORE QRESYNC MOVE UIDPLUS OBJECTID SPECIAL-USE LIST-STATUS IMAP4rev2"


class ImapFlow(harness.LiveTest):
    def converse(self, port, security):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "imapflow.mjs")
        said = self.run_client("node", script, MODULES, str(self.server.port(port)), security,
                               self.server.certificate(), ALICE, PASSWORD, text=OFFERED)
        self.assertEqual(said.splitlines()[-1], "done")
        self.assertNotIn("differs", self.server.command("mailbox", "verify", ALICE))

    def test_through_tls(self):
        self.converse(993, "TLS")

    def test_through_starttls(self):
        self.converse(143, "STARTTLS")


if __name__ == "__main__":
    if not os.path.isdir(os.path.join(MODULES, "imapflow")):
        harness.skip("not installed: imapflow")
    harness.main(tools=["node"])
