"""The unit files under a real systemd: a small Debian in a container (systemd-nspawn, with a network
of its own), the release build installed into it. Needs root; takes a minute or two."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "live"))
import harness  # noqa: E402
from image_test import mirror  # noqa: E402

RELEASE = os.path.join(SOURCE, "build", "release")
PACKAGES = ("systemd,systemd-sysv,dbus,iproute2,procps,libargon2-1,libevent-2.1-7,libevent-openssl-2.1-7,"
            "libevent-pthreads-2.1-7,libfmt9,libcurl4,libicu72,libidn2-0,libpsl5,libspdlog1.10,libsqlite3-0,libssl3,libunbound8,libyaml-cpp0.7,zlib1g")


class Boot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = tempfile.mkdtemp(prefix="waxwing-boot-")
        cls.addClassCleanup(shutil.rmtree, cls.tree, ignore_errors=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", cls.tree, mirror()],
                       check=True)
        subprocess.run(["cmake", "--install", RELEASE, "--prefix", f"{cls.tree}/usr/local"], check=True, capture_output=True)
        os.chmod(cls.tree, 0o755)  # it is the root directory of every user in there
        os.makedirs(f"{cls.tree}/etc/waxwing", exist_ok=True)
        with open(f"{cls.tree}/etc/waxwing/waxwing.yaml", "w") as out:
            out.write("hostname: localhost\nlimits: {free_space: 1MiB}\nsender_policy: {verify: false}\n")
        drop_in = f"{cls.tree}/etc/systemd/system/waxwing.service.d"
        os.makedirs(drop_in)
        with open(f"{drop_in}/test.conf", "w") as out:
            out.write("[Service]\nWatchdogSec=3\n")
        with open(f"{cls.tree}/nspawn.log", "w") as log:
            cls.nspawn = subprocess.Popen(["systemd-nspawn", "-q", "-D", cls.tree, "--boot", "--private-network",
                                           "--register=no", "--keep-unit"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.addClassCleanup(cls.power_off)
        cls.init = harness.wait_for(cls.child, "the container's init", 30)
        harness.wait_for(lambda: cls.systemctl("is-system-running", check=False).strip() in ("running", "degraded"), "the boot", 60)
        cls.inside("ip", "link", "set", "lo", "up")

    @classmethod
    def child(cls):
        """The container's init; until it runs, systemd-nspawn has other children."""
        with open(f"/proc/{cls.nspawn.pid}/task/{cls.nspawn.pid}/children") as children:
            for pid in children.read().split():
                with open(f"/proc/{pid}/comm") as name:
                    if name.read() == "systemd\n":
                        return pid
        return None

    @classmethod
    def power_off(cls):
        child = cls.child()
        if child:
            os.kill(int(child), signal.SIGRTMIN + 4)
        try:
            cls.nspawn.wait(timeout=60)
        except subprocess.TimeoutExpired:
            cls.nspawn.kill()
            cls.nspawn.wait()

    @classmethod
    def inside(cls, *arguments, check=True, text=None):
        done = subprocess.run(["nsenter", "-t", cls.init, "-a", *arguments], input=text, capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            logged = subprocess.run(["nsenter", "-t", cls.init, "-a", "journalctl", "-n", "40", "--no-pager", "-u", "waxwing*"],
                                    capture_output=True, text=True).stdout
            raise harness.Failure(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}\n{logged}")
        return done.stdout

    @classmethod
    def systemctl(cls, *arguments, check=True):
        return cls.inside("systemctl", *arguments, check=check)

    def show(self, name):
        return self.systemctl("show", "-P", name, "waxwing.service").strip()

    def main_pid(self):
        pid = self.show("MainPID")
        return pid if pid != "0" else None

    def deliver(self, subject):
        program = f"""
            import smtplib
            with smtplib.SMTP("127.0.0.1", 25, timeout=30) as c:
                c.sendmail("x@sender.example", ["alice@example.test"], "Subject: {subject}\\r\\n\\r\\nHello\\r\\n")
        """
        done = subprocess.run(["nsenter", "-t", self.init, "-n", sys.executable, "-c", textwrap.dedent(program)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def restarted(self, old):
        def again():
            return self.show("ActiveState") == "active" and self.main_pid() not in (None, old) and self.main_pid()
        return harness.wait_for(again, "systemd to start the server again", 30)

    def test_life_under_systemd(self):
        self.systemctl("start", "waxwing.service")  # Type=notify: returns when it is ready
        self.assertEqual(self.show("ActiveState"), "active")
        first = self.main_pid()
        status = self.inside("cat", f"/proc/{first}/status")
        uid = self.inside("id", "-u", "waxwing").strip()
        self.assertIn(f"\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n", status)
        self.inside("waxwing", "domain", "add", "example.test")
        self.inside("waxwing", "account", "add", "alice@example.test", "--password-stdin", text="secret-1\n")
        self.deliver("first")

        self.systemctl("reload", "waxwing.service")
        self.assertEqual(self.main_pid(), first)
        self.deliver("after a reload")

        self.inside("kill", "-KILL", first)
        second = self.restarted(first)
        self.deliver("after a crash")

        # A server that hangs is noticed by the watchdog.
        self.inside("kill", "-STOP", second)
        third = self.restarted(second)
        self.deliver("after a hang")

        self.systemctl("stop", "waxwing.service")
        self.assertEqual(self.show("Result"), "success")
        self.assertNotEqual(third, self.main_pid())

        # With the socket unit the ports outlive the server.
        self.systemctl("start", "waxwing.socket")
        self.systemctl("start", "waxwing.service")
        self.deliver("through the socket unit")
        self.systemctl("restart", "waxwing.service")
        self.deliver("after a restart")
        listed = self.inside("waxwing", "mailbox", "verify", "alice@example.test", "--json")
        self.assertRegex(listed, r'"messages": ?6')
        self.systemctl("stop", "waxwing.service", "waxwing.socket")


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("only root may boot a container")
    harness.require("systemd-nspawn", "mmdebstrap", "nsenter")
    if not os.access(os.path.join(RELEASE, "waxwing"), os.X_OK):
        harness.skip("the release build is not there")
    unittest.main(verbosity=2)
