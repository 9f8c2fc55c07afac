"""The README's two commands on a Debian 12 that has nothing: they install what they need, and nothing that
this machine happens to have is missing there. Needs root; takes half an hour where ccache is empty."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "live"))
import harness  # noqa: E402
from image_test import mirror  # noqa: E402


class Bare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = tempfile.mkdtemp(prefix="waxwing-bare-")
        cls.addClassCleanup(shutil.rmtree, cls.tree, ignore_errors=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", cls.tree, mirror()], check=True)
        os.chmod(cls.tree, 0o755)  # it is the root directory of every user in there
        # Where it is here, so that what is in the cache of the compiler fits.
        inside = cls.tree + SOURCE
        os.makedirs(inside)
        packed = subprocess.Popen(["tar", "-C", SOURCE, "--exclude=./build", "--exclude=./run", "--exclude=./.git", "-c", "."],
                                  stdout=subprocess.PIPE)
        subprocess.run(["tar", "-C", inside, "-x"], stdin=packed.stdout, check=True)
        packed.stdout.close()
        if packed.wait() != 0:
            raise harness.Failure("the source cannot be copied")

    @classmethod
    def start(cls, *words):
        """A command in there, with the network of this machine."""
        cache, base = (subprocess.run(["ccache", "--get-config", key], capture_output=True, text=True).stdout.strip()
                       for key in ("cache_dir", "base_dir"))
        bind = [f"--bind={cache}:/root/.cache/ccache", f"--setenv=CCACHE_BASEDIR={base}"] if os.path.isdir(cache) else []
        return subprocess.Popen(["systemd-nspawn", "-q", "-D", cls.tree, "--register=no", "--keep-unit", "--pipe", *bind,
                                 f"--chdir={SOURCE}", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def test_run_serves(self):
        process = self.start("./dev", "run")
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if "Data and configuration" in line:
                    break
            else:
                self.fail("".join(said[-60:]))
        finally:
            process.terminate()
            process.communicate(timeout=60)
        self.assertRegex("".join(said), r"IMAP +localhost +\d+ +SSL/TLS")

    def test_tests_pass(self):
        process = self.start("./dev", "test", "fast")
        said, _ = process.communicate()
        self.assertEqual(process.returncode, 0, said[-6000:])
        self.assertIn("100% tests passed", said)


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("only root may start a container")
    harness.require("systemd-nspawn", "mmdebstrap")
    unittest.main(verbosity=2)
