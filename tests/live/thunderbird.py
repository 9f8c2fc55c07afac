"""Thunderbird on a display that nobody sees, told what to do through Marionette. thunderbird.js is
the part that runs inside of it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from typing import NamedTuple

import harness
from marionette import Marionette

# nsMsgSocketType and nsMsgAuthMethod
STARTTLS, TLS = 2, 3
NORMAL_PASSWORD = 3

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "thunderbird.js")) as file:
    SCRIPT = file.read()


def wait_for(condition, what):
    """A program of this size needs its time where the machine has other things to do."""
    return harness.wait_for(condition, what, 90)


def every(seconds, action):
    """A function that does it when called, but not again before so many seconds."""
    due = 0

    def perhaps():
        nonlocal due
        if time.monotonic() >= due:
            action()
            due = time.monotonic() + seconds

    return perhaps


class Account(NamedTuple):
    kind: str  # "imap" or "pop3"
    user: str
    incoming: int
    incoming_security: int
    outgoing: int
    outgoing_security: int


@contextlib.contextmanager
def display():
    """The name of an X display of our own."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
                              pass_fds=[write], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with open(read) as lines:
            number = lines.readline().strip()
        if not number:
            raise harness.Failure("Xvfb did not start")
        yield ":" + number
    finally:
        server.terminate()
        server.wait()


def preferences(accounts, port_of):
    """What the account manager would have written for {key: Account}, and silence."""
    numbers = range(1, len(accounts) + 1)
    chosen = {
        "marionette.port": 0,
        "mail.accountmanager.accounts": ",".join(accounts),
        "mail.smtpservers": ",".join(f"smtp{number}" for number in numbers),
        # Nothing by itself but IDLE, no questions, nothing from the network.
        "mail.shell.checkDefaultClient": False,
        "mailnews.start_page.enabled": False,
        "mailnews.confirm.moveFoldersToTrash": False,
        "mail.rights.version": 1,
        "mail.inappnotifications.url": "http://127.0.0.1:9/",
        "app.donation.eoy.version.viewed": 999,
        "app.update.enabled": False,
        "extensions.update.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "datareporting.healthreport.uploadEnabled": False,
        "toolkit.telemetry.enabled": False,
        "toolkit.telemetry.server": "",
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": "http://127.0.0.1:9/",
    }
    for number, (key, account) in zip(numbers, accounts.items()):
        chosen |= {f"mail.account.{key}.{name}": value for name, value in {
            "server": f"server{number}",
            "identities": f"id{number}",
        }.items()}
        chosen |= {f"mail.server.server{number}.{name}": value for name, value in {
            "type": account.kind,
            "name": f"{account.user} {account.incoming}",
            "hostname": "localhost",
            "port": port_of(account.incoming),
            "socketType": account.incoming_security,
            "userName": account.user,
            "authMethod": NORMAL_PASSWORD,
            "login_at_startup": False,
            "check_new_mail": False,
            # fetchAll() does; at a time of its own choice it would meet what the test does.
            "autosync_offline_stores": False,
        }.items()}
        if account.kind == "pop3":
            # A message that is deleted here leaves the server, too.
            chosen[f"mail.server.server{number}.leave_on_server"] = True
            chosen[f"mail.server.server{number}.delete_mail_left_on_server"] = True
        chosen |= {f"mail.identity.id{number}.{name}": value for name, value in {
            "fullName": account.user.split("@")[0].capitalize() + " Ü",
            "useremail": account.user,
            "smtpServer": f"smtp{number}",
        }.items()}
        chosen |= {f"mail.smtpserver.smtp{number}.{name}": value for name, value in {
            "hostname": "localhost",
            "port": port_of(account.outgoing),
            "try_ssl": account.outgoing_security,
            "username": account.user,
            "authMethod": NORMAL_PASSWORD,
        }.items()}
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in chosen.items())


class Thunderbird:
    """One start of the program with home/profile. Beside what is here it has the functions of
    thunderbird.js."""

    def __init__(self, home, screen):
        self._home = home
        self._ready = os.path.join(home, "profile", "MarionetteActivePort")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._ready)
        environment = {**os.environ, "HOME": home, "DISPLAY": screen, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                       "MOZ_LOG": "IMAP:4", "MOZ_LOG_FILE": os.path.join(home, "imap")}
        with open(os.path.join(home, "output"), "ab") as output:
            self._process = subprocess.Popen(
                ["thunderbird", "--profile", os.path.join(home, "profile"), "--no-remote", "--marionette",
                 "--remote-allow-system-access"],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True)
        try:
            self._door = Marionette(wait_for(self._port, "Thunderbird to open Marionette"))
        except BaseException:
            self.discard()
            raise

    def _port(self):
        if self._process.poll() is not None:
            with open(os.path.join(self._home, "output"), errors="replace") as output:
                raise harness.Failure(f"Thunderbird ended with status {self._process.returncode}:\n{output.read()}")
        try:
            with open(self._ready) as port:
                return int(port.read() or 0)
        except FileNotFoundError:
            return 0

    def __getattr__(self, function):
        return lambda *arguments: self._door.run(f"{SCRIPT}\nreturn {function}(...arguments);", *arguments)

    def trust(self, certificate, logins, ports):
        """What a user confirms and types once: the certificate (PEM file) for these ports, the passwords."""
        with open(certificate) as pem:
            encoded = "".join(pem.read().split("-----")[2].split())
        self.prepare(encoded, [["localhost", port] for port in ports],
                     [[f"{protocol}://localhost", user, password]
                      for protocol in ("imap", "mailbox", "smtp") for user, password in logins])

    def answers(self):
        """OK, NO and BAD as IMAP servers gave them in this start, from its own log; for after end()."""
        with open(os.path.join(self._home, "imap.moz_log"), errors="replace") as log:
            return re.findall(r"CreateNewLineFromSocket: ((?:\d+|\*) (?:OK|NO|BAD) .*)", log.read())

    def screenshot(self):
        return self._door.screenshot()

    def end(self):
        self._door.quit()
        self._process.wait(90)

    def discard(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # with the processes that show messages
            self._process.wait()
