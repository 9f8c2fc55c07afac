"""The real daemon for a test: started from the build directory on free loopback ports with a data
directory of its own, with accounts made through the command line, stopped by pid. A sanitizer's
report in its log or an unclean end fails the test.

    class Curl(harness.LiveTest):
        def test_...(self):
            self.server.port(993)

    if __name__ == "__main__":
        harness.main(tools=["curl"])
"""

import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

MATRIX = (25, 26, 2025, 2525, 587, 465, 110, 995, 143, 993)
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
BINARY = os.path.join(os.environ.get("WAXWING_BUILD", "build/dev"), "waxwing")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

ALICE = "alice@example.test"
BOB = "bob@example.test"
PASSWORD = "correct-horse"

SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:|terminate called")


class Failure(AssertionError):
    pass


def wait_for(condition, what, seconds=20.0):
    """Polls for a state that another process reaches by itself; fails when it does not."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


def _bindable(port, kind=socket.SOCK_STREAM):
    with socket.socket(type=kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_reserved = set()
_reservations = None


def _reserve(slot):
    """Takes a slot until this process ends, so that a stopped daemon finds its ports free again."""
    global _reservations
    if _reservations is None:
        _reservations = open(os.path.join(tempfile.gettempdir(), f"waxwing-ports-{os.getuid()}"), "w")
    try:
        # A lock per byte; they hold between processes, the set within this one.
        fcntl.lockf(_reservations, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
    except OSError:
        return False
    if slot in _reserved:
        return False
    _reserved.add(slot)
    return True


def _free_offset():
    """An offset at which the whole matrix is free, and stays so for this process. The tests of
    tests/transcripts/live.cc have the ports below."""
    start = os.getpid() % 190
    for step in range(190):
        slot = (start + step) % 190
        offset = 10000 + slot * 101
        if _reserve(slot) and all(_bindable(port + offset) for port in MATRIX):
            return offset
    raise Failure("no free ports")


def free_port():
    """A loopback port, TCP and UDP, that stays with this process: above those of the daemons, below those
    of tests/daemon/house.cc and those that the kernel hands out."""
    start = os.getpid() % 256
    for step in range(256):
        number = (start + step) % 256
        port = 31700 + number
        if _reserve(200 + number) and _bindable(port) and _bindable(port, socket.SOCK_DGRAM):
            return port
    raise Failure("no free port")


class Server:
    """One data directory and the daemon that serves it."""

    def __init__(self, settings="", data_dir=None, wrapper=()):
        self.folder = tempfile.mkdtemp(prefix="waxwing-")
        os.chmod(self.folder, 0o755)
        self.data_dir = data_dir or os.path.join(self.folder, "data")
        os.makedirs(self.data_dir, mode=0o700, exist_ok=True)
        self.config = os.path.join(self.folder, "waxwing.yaml")
        self.log_file = os.path.join(self.folder, "log")
        self.settings = settings
        self.wrapper = list(wrapper)
        self.process = None
        self.offset = None
        self.user = "root"
        if os.getuid() == 0:
            # As root the daemon drops to another user; nobody owns nothing that matters here.
            self.user = "nobody"
            shutil.chown(self.data_dir, self.user)

    def _write_config(self):
        listen = f"listen: {{addresses: ['127.0.0.1'], port_offset: {self.offset}}}\n"
        if "listen:" in self.settings:
            listen = ""
        with open(self.config, "w") as out:
            if "hostname:" not in self.settings:
                out.write("hostname: localhost\n")
            out.write(f"data_dir: {self.data_dir}\n")
            out.write(listen + f"user: {self.user}\n")
            if "limits:" not in self.settings:
                out.write("limits: {free_space: 1MiB}\n")
            if not any(key in self.settings for key in ("queue:", "relay:", "dns:")):
                out.write("queue: {hold: ['*']}\n")  # nothing leaves this machine
            if not any(key in self.settings for key in ("dns:", "sender_policy:")):
                out.write("sender_policy: {verify: false}\n")  # there is nobody to ask
            out.write(self.settings.replace("@OFFSET@", str(self.offset)))

    def start(self):
        if self.offset is None:
            self.offset = _free_offset()
        self._launch()
        return self

    def _launch(self):
        self._write_config()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.wrapper + [BINARY, "serve", "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        deadline = time.monotonic() + 60
        heard = b""
        while b"ready\n" not in heard:
            readable, _, _ = select.select([self.process.stdout], [], [], 0.5)
            if readable:
                piece = os.read(self.process.stdout.fileno(), 4096)
                heard += piece
                if not piece:
                    raise Failure(f"the daemon ended before it was ready:\n{self.log()}")
            if time.monotonic() > deadline:
                raise Failure(f"the daemon is not ready after 60 s:\n{self.log()}")

    def port(self, number):
        return number + self.offset

    def log(self):
        with open(self.log_file, errors="replace") as log:
            return log.read()

    def command(self, *arguments, text=None, check=True):
        """An administration command; its standard output."""
        # Looking for leaks takes longer than most commands; tests/daemon has looked at each.
        environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        done = subprocess.run([BINARY, *arguments, "--config", self.config], input=text,
                              capture_output=True, text=True, timeout=60, env=environment)
        if check and done.returncode != 0:
            raise Failure(f"waxwing {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if check else done

    def ask(self, command, **request):
        """What a command of the line asks a server that runs, without a process for it."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(60)
            control.connect(os.path.join(self.data_dir, "control.sock"))
            control.sendall(json.dumps({"command": command, **request}).encode() + b"\n")
            answer = json.loads(control.makefile("rb").readline())
        if answer["status"] != 0:
            raise Failure(f"waxwing {command}: {answer}")

    def add_accounts(self, *addresses):
        self.ask("domain add", domain="example.test")
        for address in addresses or (ALICE, BOB):
            self.ask("account add", address=address, password=PASSWORD)

    def certificate(self):
        """The path of the certificate the server shows, to trust it by."""
        path = os.path.join(self.folder, "server.pem")
        if not os.path.exists(path):
            pem = ssl.get_server_certificate(("127.0.0.1", self.port(993)))
            with open(path, "w") as out:
                out.write(pem)
        return path

    def tls(self):
        return ssl.create_default_context(cafile=self.certificate())

    def kill(self):
        """kill -9, as the machine's owner or the kernel might."""
        self.process.kill()
        self._gone()

    def _gone(self):
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def stop(self):
        """The graceful end; fails when it is not one."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"the daemon did not stop within 30 s of SIGTERM:\n{self.log()[-4000:]}")
        status = self._gone()
        if status != 0:
            raise Failure(f"the daemon ended with status {status}:\n{self.log()[-8000:]}")
        self.check_log()

    def check_log(self):
        found = SANITIZER.search(self.log())
        if found:
            raise Failure("the daemon's log holds a report:\n" + self.log()[max(0, found.start() - 500):][:8000])

    def discard(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class LiveTest(unittest.TestCase):
    """All tests of one class share one daemon; each gets mail of its own by a unique subject."""

    settings = ""
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings)
        try:
            cls.server.start()
            cls.server.add_accounts()
        except BaseException:
            cls.server.discard()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.discard()

    def run_client(self, *arguments, text=None, environment=None, seconds=60, status=0):
        """A client program; its whole output. Fails when its exit status is another."""
        done = subprocess.run(arguments, input=text, capture_output=True, text=True, errors="replace",
                              timeout=seconds, env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})})
        if status is not None and done.returncode != status:
            self.fail(f"{' '.join(arguments)}: status {done.returncode}\n{done.stdout}\n{done.stderr}\n"
                      f"--- server log\n{self.server.log()[-3000:]}")
        return done.stdout + done.stderr

    def scratch(self, name):
        """A folder for a client's own files, gone with the server's."""
        path = os.path.join(self.server.folder, name)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path


def message(subject, sender=ALICE, to=BOB, body="A line.\r\n.A line with a dot.\r\n"):
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Message-ID: <{subject}@example.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n{body}")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def require(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        skip("not installed: " + ", ".join(missing))


def main(tools=()):
    require(*tools)
    if not os.access(BINARY, os.X_OK):
        raise SystemExit(f"no daemon at {BINARY}: set WAXWING_BUILD")
    # Clients whose daemon was killed leave sockets behind: that is the point, no warning.
    unittest.main(verbosity=2, warnings="ignore")
