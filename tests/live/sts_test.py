"""TLS with other servers, as their domains want it: MTA-STS from a local web server, DANE from a signed
zone, what messages themselves demand (REQUIRETLS and TLS-Required), and the reports about it all."""

import email
import gzip
import json
import os
import smtplib
import tempfile
import unittest

import dns
import harness
import web
from harness import ALICE, PASSWORD, message, wait_for
from sink import EXTENSIONS, Sink

# One sink for each kind of server, all at the same port. The name of a domain says how it goes there.
ADDRESSES = {"good": "127.0.1.1", "wrong": "127.0.1.2", "expired": "127.0.1.3", "plain": "127.0.1.4",
             "foreign": "127.0.1.5"}

# Domain -> (its server, mode of its policy, the servers that the policy names).
POLICIES = {
    "good": ("good", "enforce", "mx-good.sts.test"),
    "wild": ("good", "enforce", "*.sts.test"),
    "wrong": ("wrong", "enforce", "mx-wrong.sts.test"),
    "expired": ("expired", "enforce", "mx-expired.sts.test"),
    "plain": ("plain", "enforce", "mx-plain.sts.test"),
    "foreign": ("foreign", "enforce", "mx-foreign.sts.test"),
    "unnamed": ("good", "enforce", "other.sts.test"),
    "trial": ("foreign", "testing", "mx-foreign.sts.test"),
    "trialplain": ("plain", "testing", "mx-plain.sts.test"),
    "none": ("foreign", "none", "mx-foreign.sts.test"),
    "ours": ("plain", "enforce", "mx-plain.sts.test"),
    "changing": ("foreign", "testing", "mx-foreign.sts.test"),
    "cached": ("wrong", "enforce", "mx-wrong.sts.test"),
    "broken": ("foreign", "nonsense", "mx-foreign.sts.test"),
    "html": ("foreign", "enforce", "mx-foreign.sts.test"),
    "long": ("foreign", "enforce", "mx-foreign.sts.test"),
    "webpki": ("foreign", "enforce", "mx-foreign.sts.test"),  # its web server has no certificate for it
    "moved": ("foreign", "enforce", "mx-foreign.sts.test"),
    "optional": ("plain", "enforce", "mx-plain.sts.test"),
    "reported": ("foreign", "testing", "mx-foreign.sts.test"),
}
NO_REPORTS = ("good", "plain")

SETTINGS = """
log: {{level: debug}}
queue: {{retry_min: 1s, retry_max: 1s, delay_notice: 1h, lifetime: 1h}}
outbound: {{port: {port}, sts_port: {web}, ca_file: {ca}}}
tls_policy: [{{domain: ours.sts.test, policy: none}}]
limits: {{free_space: 1MiB, messages_per_minute: 100000}}
tls_reports: {{contact: tls@example.test}}
"""


def policy(mode, mx, max_age=86400):
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {max_age}\r\n"


class Sts(harness.LiveTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="waxwing-")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.authority = web.Authority(folder.name)
        cls.stranger = web.Authority(folder.name, "stranger")
        cls.make_sinks()
        names = [f"mta-sts.{name}.sts.test" for name in POLICIES if name != "webpki"] + ["reports.sts.test", "mta-sts.both.dane.test"]
        cls.web = web.Server(cls.authority, names)
        cls.addClassCleanup(cls.web.close)
        for name, (_, mode, mx) in POLICIES.items():
            cls.publish(name, policy(mode, mx))
        cls.publish("html", policy("enforce", "mx-foreign.sts.test"), kind="text/html")
        cls.publish("long", policy("enforce", "mx-foreign.sts.test") + "padding: " + "x" * 70000 + "\r\n")
        cls.publish("moved", "https://mta-sts.good.sts.test/.well-known/mta-sts.txt", status=302)
        cls.web.files["mta-sts.both.dane.test/.well-known/mta-sts.txt"] = (
            200, "text/plain", policy("enforce", "mx-both.dane.test"))
        cls.dns = dns.NameServer({"sts.test": cls.sts_zone(), "dane.test": cls.dane_zone()}, signed=["dane.test"])
        cls.addClassCleanup(cls.dns.discard)
        cls.dns.start()
        cls.settings = SETTINGS.format(port=cls.port, web=cls.web.port, ca=cls.authority.file) + cls.dns.settings()
        super().setUpClass()

    @classmethod
    def make_sinks(cls):
        issue = cls.authority.issue
        ours = ["mx-good.sts.test", "mx-good.dane.test", "mx-ta.dane.test", "mx-both.dane.test"]
        cls.certificates = {"good": issue(*ours), "wrong": issue("other.sts.test"),
                            "expired": issue("mx-expired.sts.test", days=-1), "plain": None,
                            "foreign": cls.stranger.issue("mx-foreign.sts.test")}
        cls.port = harness.free_port()
        cls.sinks = {}
        for name, address in ADDRESSES.items():
            extensions = EXTENSIONS + (("REQUIRETLS",) if name in ("good", "wrong", "foreign") else ())
            cls.sinks[name] = Sink((address, cls.port), extensions=extensions, certificate=cls.certificates[name])
            cls.addClassCleanup(cls.sinks[name].close)

    @classmethod
    def publish(cls, name, text, status=200, kind="text/plain"):
        cls.web.files[f"mta-sts.{name}.sts.test/.well-known/mta-sts.txt"] = (status, kind, text)

    ids = {}  # of policies, where they are not 1

    @classmethod
    def sts_zone(cls):
        lines = [f"mx-{name} A {address}" for name, address in ADDRESSES.items()]
        for name, (server, _, _) in POLICIES.items():
            lines += [f"{name} MX 10 mx-{server}", f"mta-sts.{name} A 127.0.0.1",
                      f'_mta-sts.{name} TXT "v=STSv1; id={cls.ids.get(name, 1)};"']
        for name in POLICIES:
            if name not in NO_REPORTS:
                lines.append(f'_smtp._tls.{name} TXT "v=TLSRPTv1; rua=mailto:tls-{name}@plain-reports.sts.test"')
        lines += ["plain-reports MX 10 mx-plain", "bare MX 10 mx-plain", "bare2 MX 10 mx-good", "reports A 127.0.0.1"]
        return "\n".join(lines) + "\n"

    @classmethod
    def dane_zone(cls):
        foreign, good = cls.certificates["foreign"], cls.certificates["good"]
        zeros = "00" * 32
        hosts = {
            # name: (address, TLSA records)
            "match": ("foreign", [f"3 1 1 {web.digest(foreign, 1)}"]),
            "mismatch": ("foreign", [f"3 1 1 {zeros}"]),
            "ta": ("good", [f"2 0 1 {web.digest(cls.authority.file, 0)}"]),
            "tawrong": ("good", [f"2 0 1 {web.digest(cls.authority.file, 0)}"]),
            "unusable": ("foreign", [f"0 0 1 {zeros}", f"1 1 1 {zeros}"]),
            "unusableplain": ("plain", [f"1 1 1 {zeros}"]),
            "both": ("good", [f"3 1 1 {zeros}"]),
            "good": ("good", []),
            "danetls": ("plain", [f"3 1 1 {zeros}"]),
        }
        lines = []
        for name, (server, records) in hosts.items():
            lines += [f"{name} MX 10 mx-{name}", f"mx-{name} A {ADDRESSES[server]}"]
            lines += [f"_{cls.port}._tcp.mx-{name} TLSA {record}" for record in records]
        lines += ["mta-sts.both A 127.0.0.1", '_mta-sts.both TXT "v=STSv1; id=1;"',
                  f'_smtp._tls.mismatch TXT "v=TLSRPTv1; rua=https://reports.sts.test:{cls.web.port}/v1/tls"']
        return "\n".join(lines) + "\n"

    def change_id(self, name):
        """For a daemon that starts afterwards: caches hold the old zone for a second."""
        self.ids[name] = 2
        self.dns.change("sts.test", self.sts_zone())

    def send(self, to, subject, options=(), header=""):
        with smtplib.SMTP("localhost", self.server.port(587)) as client:
            client.starttls(context=self.server.tls())
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, [to], header + message(subject, to=to), mail_options=options)

    def sent(self, to, server, options=(), header=""):
        """Sends a message that must arrive at that server; as it was taken."""
        subject = f"to-{to.replace('@', '-')}-{len(self.sinks[server].messages)}"
        self.send(to, subject, options, header)
        find = lambda: [m for m in list(self.sinks[server].messages) if f"Subject: {subject}\r\n".encode() in m["data"]]
        return wait_for(find, f"{subject} at {server}; log:\n{self.server.log()[-1500:]}")[0]

    def kept(self, to, reason, options=(), header=""):
        """Sends a message that must stay in the queue, for that reason, and arrive nowhere; then removes it."""
        subject = f"kept-{to.replace('@', '-')}"
        self.send(to, subject, options, header)
        domain = to.split("@")[1]

        def shown():
            for each in json.loads(self.server.command("queue", "list", "--json")):
                if any(name.split("+")[0] == domain for name in each["destinations"]):
                    said = json.loads(self.server.command("queue", "show", each["id"], "--json"))
                    recipient = said["recipients"][0]
                    if recipient["reply"]:
                        return each["id"], recipient
            return None
        number, recipient = wait_for(shown, f"a reason why mail to {to} waits; log:\n{self.server.log()[-1500:]}")
        self.assertRegex(recipient["reply"], reason)
        self.assertEqual(recipient["state"], "waiting", recipient)
        for sink in self.sinks.values():
            self.assertFalse([m for m in list(sink.messages) if f"Subject: {subject}\r\n".encode() in m["data"]])
        wait_for(lambda: self.server.command("queue", "remove", number, check=False).returncode == 0, "its removal")

    def bounced(self, to, text, options=()):
        """Sends a message that must come back, with that text and not with its own."""
        subject = f"bounced-{to.replace('@', '-')}"
        self.send(to, subject, options)
        report = wait_for(lambda: self.report_about(subject), f"the report; log:\n{self.server.log()[-1500:]}")
        self.assertIn(text, report)
        self.assertNotIn("A line with a dot.", report, "RFC 8689 section 5")

    def report_about(self, subject):
        import imaplib
        with imaplib.IMAP4("localhost", self.server.port(143)) as client:
            client.starttls(self.server.tls())
            client.login(ALICE, PASSWORD)
            client.select("INBOX", readonly=True)
            for number in client.search(None, "ALL")[1][0].split():
                text = client.fetch(number, "(BODY.PEEK[])")[1][0][1].decode(errors="replace")
                if f"Subject: {subject}\r\n" in text and "Action: failed" in text:
                    return text
        return None

    # ---- MTA-STS -------------------------------------------------------------------------------

    def test_enforce_with_a_good_certificate(self):
        self.assertTrue(self.sent("a@good.sts.test", "good")["tls"])
        self.assertTrue(self.sent("a@wild.sts.test", "good")["tls"])

    def test_enforce_keeps_mail_from_who_proves_nothing(self):
        self.kept("a@wrong.sts.test", r"TLS: .*[Hh]ostname mismatch")
        self.kept("a@expired.sts.test", r"TLS: .*expired")
        self.kept("a@foreign.sts.test", r"TLS: .*(self.signed|unable to get local issuer)")
        self.kept("a@plain.sts.test", r"offers no TLS")
        self.kept("a@unnamed.sts.test", r"does not name mx-good\.sts\.test")

    def test_testing_is_as_without_a_policy(self):
        self.assertTrue(self.sent("a@trial.sts.test", "foreign")["tls"])
        self.assertFalse(self.sent("a@trialplain.sts.test", "plain")["tls"])

    def test_a_policy_that_is_taken_back(self):
        self.sent("a@none.sts.test", "foreign")

    def test_what_is_no_policy_does_not_count(self):
        for name in ("broken", "html", "moved", "long", "webpki"):
            self.sent(f"a@{name}.sts.test", "foreign")
            if name == "webpki":
                self.assertEqual([asked for asked in self.web.asked if "webpki" in asked], [])
                self.assertIn(("sts", "", "sts-webpki-invalid"), self.counted("webpki.sts.test"))
                continue
            self.assertIn(f"mta-sts.{name}.sts.test/.well-known/mta-sts.txt", self.web.asked)
        self.assertRegex(self.server.log(), r"policy-not-fetched domain=moved\.sts\.test .*status 302")

    def test_the_configuration_comes_first(self):
        self.sent("a@ours.sts.test", "plain")

    def test_a_cached_policy_holds_when_nothing_can_be_fetched(self):
        self.kept("a@cached.sts.test", r"[Hh]ostname mismatch")
        del self.web.files["mta-sts.cached.sts.test/.well-known/mta-sts.txt"]
        self.change_id("cached")
        self.server.stop()
        self.server.start()
        self.kept("a@cached.sts.test", r"[Hh]ostname mismatch")
        wait_for(lambda: "policy-not-fetched domain=cached.sts.test id=2" in self.server.log(), "the new fetch")
        self.kept("a@cached.sts.test", r"[Hh]ostname mismatch")

    def test_another_id_means_another_policy(self):
        self.sent("a@changing.sts.test", "foreign")
        self.publish("changing", policy("enforce", "mx-foreign.sts.test"))
        self.change_id("changing")
        # What is known of its servers is known for minutes; a new start asks anew.
        self.server.stop()
        self.server.start()
        self.sent("b@changing.sts.test", "foreign")
        wait_for(lambda: "policy-fetched domain=changing.sts.test id=2 mode=enforce" in self.server.log(), "the new policy")
        self.server.stop()
        self.server.start()
        self.kept("c@changing.sts.test", r"TLS: .*(self.signed|unable to get local issuer)")

    # ---- DANE ----------------------------------------------------------------------------------

    def test_dane_with_what_fits(self):
        self.assertTrue(self.sent("a@match.dane.test", "foreign")["tls"])
        self.assertTrue(self.sent("a@ta.dane.test", "good")["tls"])

    def test_dane_keeps_mail_from_what_does_not(self):
        self.kept("a@mismatch.dane.test", r"TLS: .*TLSA|DANE|no match")
        self.kept("a@tawrong.dane.test", r"TLS: .*[Hh]ostname mismatch")
        self.kept("a@danetls.dane.test", r"offers no TLS")

    def test_records_that_nobody_can_use_require_tls(self):
        self.assertTrue(self.sent("a@unusable.dane.test", "foreign")["tls"])
        self.kept("a@unusableplain.dane.test", r"offers no TLS")

    def test_dane_comes_before_sts(self):
        self.kept("a@both.dane.test", r"TLS: .*TLSA|DANE|no match")

    # ---- what messages demand ------------------------------------------------------------------

    def test_requiretls_where_it_is_proved(self):
        for to in ("r@good.sts.test", "r@ta.dane.test", "r@good.dane.test"):
            self.assertIn(" REQUIRETLS", self.sent(to, "good", options=["REQUIRETLS"])["commands"][0])
        taken = self.sent("r@match.dane.test", "foreign", options=["REQUIRETLS"])
        self.assertIn(" REQUIRETLS", taken["commands"][0])

    def test_requiretls_comes_back_from_anywhere_else(self):
        # Not proved; no certificate; no TLS; without the extension.
        self.bounced("r@bare2.sts.test", "5.7.30", options=["REQUIRETLS"])
        self.bounced("r@mismatch.dane.test", "5.7.30", options=["REQUIRETLS"])
        self.bounced("r@plain.sts.test", "5.7.30", options=["REQUIRETLS"])
        self.bounced("r@wrong.sts.test", "5.7.30", options=["REQUIRETLS"])

    def test_tls_required_no_passes_over_policies(self):
        header = "TLS-Required: No\r\n"
        self.sent("o@optional.sts.test", "plain", header=header)
        self.sent("o@mismatch.dane.test", "foreign", header=header)
        self.kept("p@optional.sts.test", "offers no TLS", header="TLS-Required: Yes\r\n")
        # Who demands it in the envelope gets it.
        self.send("q@optional.sts.test", "both-demands", options=["REQUIRETLS"], header=header)
        self.assertIn("5.7.30", wait_for(lambda: self.report_about("both-demands"), "the report"))

    # ---- reports -------------------------------------------------------------------------------

    def counted(self, domain):
        """What `report tls` knows of a domain: (policy, host, result) -> sessions."""
        said = json.loads(self.server.command("report", "tls", domain, "--json"))
        return {(each["policy"], each["host"], each["result"]): each["sessions"] for each in said}

    def test_a_report_by_mail(self):
        self.sent("a@reported.sts.test", "foreign")
        self.assertEqual(self.counted("reported.sts.test"),
                         {("sts", "mx-foreign.sts.test", "certificate-not-trusted"): 1})
        said = self.server.command("report", "tls", "reported.sts.test", "--send")
        self.assertIn("tls-reported@plain-reports.sts.test", said)
        find = lambda: [m for m in list(self.sinks["plain"].messages) if m["recipients"] == ["tls-reported@plain-reports.sts.test"]]
        taken = wait_for(find, "the report")[0]
        self.assertEqual(taken["sender"], "")
        mail = email.message_from_bytes(taken["data"])
        self.assertEqual(mail["TLS-Report-Domain"], "reported.sts.test")
        self.assertEqual(mail["TLS-Report-Submitter"], "localhost")
        self.assertEqual((mail.get_content_type(), mail.get_param("report-type")), ("multipart/report", "tlsrpt"))
        packed = mail.get_payload()[1]
        self.assertEqual(packed.get_content_type(), "application/tlsrpt+gzip")
        self.assertRegex(packed.get_filename(), r"^localhost!reported\.sts\.test!\d+!\d+\.json\.gz$")
        report = json.loads(gzip.decompress(packed.get_payload(decode=True)))
        self.assertEqual(report["contact-info"], "tls@example.test")
        self.assertEqual(len(report["policies"]), 1)
        told = report["policies"][0]
        self.assertEqual(told["policy"], {
            "policy-type": "sts", "policy-domain": "reported.sts.test", "mx-host": ["mx-foreign.sts.test"],
            "policy-string": policy("testing", "mx-foreign.sts.test").split("\r\n")[:-1]})
        self.assertEqual(told["summary"], {"total-successful-session-count": 0, "total-failure-session-count": 1})
        self.assertEqual(told["failure-details"], [{
            "result-type": "certificate-not-trusted", "sending-mta-ip": "127.0.0.1", "failed-session-count": 1,
            "receiving-mx-hostname": "mx-foreign.sts.test", "receiving-ip": ADDRESSES["foreign"]}])
        # Told once, and nothing is told of how the report went.
        self.assertEqual(self.counted("reported.sts.test"), {})
        self.assertEqual(self.counted("plain-reports.sts.test"), {})

    def test_a_report_by_https(self):
        self.web.post_status = 500
        self.kept("t@mismatch.dane.test", r"TLSA|DANE|no match")
        counted = self.counted("mismatch.dane.test")
        self.assertEqual(list(counted), [("dane", "mx-mismatch.dane.test", "validation-failure")])
        refused = self.server.command("report", "tls", "mismatch.dane.test", "--send", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("status 500", refused.stderr)
        self.web.post_status = 201
        self.assertIn("https://reports.sts.test", self.server.command("report", "tls", "mismatch.dane.test", "--send"))
        posted = self.web.posted[-1]
        self.assertEqual((posted["host"], posted["path"], posted["type"]),
                         ("reports.sts.test", "/v1/tls", "application/tlsrpt+gzip"))
        told = json.loads(gzip.decompress(posted["content"]))["policies"][0]
        self.assertEqual(told["policy"]["policy-type"], "tlsa")
        self.assertEqual(told["policy"]["policy-string"], ["3 1 1 " + "00" * 32])
        self.assertEqual(told["summary"]["total-successful-session-count"], 0)
        self.assertGreaterEqual(told["summary"]["total-failure-session-count"], 1)

    def test_counts_what_goes_well_and_what_cannot_be_fetched(self):
        self.sent("c@wild.sts.test", "good")
        self.assertIn(("sts", "mx-good.sts.test", "good"), self.counted("wild.sts.test"))
        self.sent("c@html.sts.test", "foreign")
        self.assertIn(("sts", "", "sts-policy-invalid"), self.counted("html.sts.test"))
        self.sent("c@bare.sts.test", "plain")
        self.assertEqual(self.counted("bare.sts.test"), {("none", "mx-plain.sts.test", "starttls-not-supported"): 1})
        self.assertIn("does not ask", self.server.command("report", "tls", "bare.sts.test", "--send", check=False).stderr)


if __name__ == "__main__":
    harness.main(tools=dns.TOOLS + ("openssl",))
