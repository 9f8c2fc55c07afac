"""The unit files and the example configuration, as `cmake --install` puts them into an empty tree:
systemd finds nothing to complain about, and the service is confined well (exposure 3.0 or less)."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ["WAXWING_BUILD"]


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = tempfile.mkdtemp(prefix="waxwing-tree-")
        cls.addClassCleanup(shutil.rmtree, cls.tree)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", f"{cls.tree}/usr"], check=True, capture_output=True)
        # The units that ours refer to.
        shutil.copytree("/lib/systemd/system", f"{cls.tree}/lib/systemd/system", symlinks=True)
        os.makedirs(f"{cls.tree}/bin")
        for program in ("/bin/kill",):
            shutil.copy(program, cls.tree + program)
        # Installed for another prefix than the build was configured with, the path needs mending.
        service = f"{cls.tree}/usr/lib/systemd/system/waxwing.service"
        with open(service) as text:
            content = text.read().replace("/usr/local/bin/waxwing", "/usr/bin/waxwing")
        os.makedirs(f"{cls.tree}/etc/systemd/system")
        for name in ("waxwing.service", "waxwing.socket"):
            shutil.move(f"{cls.tree}/usr/lib/systemd/system/{name}", f"{cls.tree}/etc/systemd/system/{name}")
        with open(f"{cls.tree}/etc/systemd/system/waxwing.service", "w") as out:
            out.write(content)

    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def test_units_are_well_formed(self):
        for unit in ("waxwing.service", "waxwing.socket"):
            status, text = self.analyze("verify", "--recursive-errors=no", f"--root={self.tree}",
                                        f"{self.tree}/etc/systemd/system/{unit}")
            self.assertEqual(status, 0, text)
            self.assertNotIn("waxwing", text)

    def test_exposure_is_ok(self):
        status, text = self.analyze("security", "--offline=yes", "--threshold=30", "--no-pager", f"--root={self.tree}",
                                    "waxwing.service")
        self.assertEqual(status, 0, text)
        print(text.strip().splitlines()[-1])

    def test_example_configuration_is_right(self):
        done = subprocess.run([f"{self.tree}/usr/bin/waxwing", "check-config", "--config",
                               f"{self.tree}/usr/share/doc/waxwing/waxwing.yaml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_sendmail_is_the_same_program(self):
        name = f"{self.tree}/usr/sbin/sendmail"
        self.assertEqual(os.readlink(name), "../bin/waxwing")
        done = subprocess.run([name, "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("usage: sendmail", done.stdout)

    def test_another_servers_sendmail_is_left_alone(self):
        with tempfile.TemporaryDirectory(prefix="waxwing-tree-") as tree:
            os.makedirs(f"{tree}/usr/sbin")
            with open(f"{tree}/usr/sbin/sendmail", "w") as out:
                out.write("another")
            done = subprocess.run(["cmake", "--install", BUILD, "--prefix", f"{tree}/usr"], check=True,
                                  capture_output=True, text=True)
            self.assertIn("belongs to another mail server", done.stderr)
            with open(f"{tree}/usr/sbin/sendmail") as there:
                self.assertEqual(there.read(), "another")

    def test_user_and_folders_are_declared(self):
        for kind in ("sysusers", "tmpfiles"):
            self.assertTrue(os.path.exists(f"{self.tree}/usr/lib/{kind}.d/waxwing.conf"), kind)


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("skipped: not installed: systemd-analyze")
        sys.exit(77)
    unittest.main(verbosity=2)
