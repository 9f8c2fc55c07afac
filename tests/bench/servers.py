"""The servers that tests/bench/run compares, each started privately on loopback and stopped by pid."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "bench"
PORTS = (25, 110, 143, 465, 587, 993, 995, 26, 2025, 2525)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    while True:
        port = random.randrange(5000, 29000)
        if is_free(port):
            return port


def free_offset():
    while True:
        offset = random.randrange(5000, 29000)
        if all(is_free(port + offset) for port in PORTS):
            return offset


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as probe:
            return bool(probe.recv(1))
    except OSError:
        return False


def processes_under(root_pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = [], [root_pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def own_folder():
    """A folder for one server, away from what other servers and earlier runs have deleted.

    ext4 puts the files of a folder below a "top" folder (chattr +T) into a part of the disk of its own. Without a
    journal it passes over inodes that were freed in the last minutes, so otherwise one server would pay for another's
    deleted files. Elsewhere the flag does nothing.
    """
    parent = Path(tempfile.gettempdir()) / "waxwing-bench"
    parent.mkdir(exist_ok=True)
    os.chmod(parent, 0o755)
    subprocess.run(["chattr", "+T", parent], stderr=subprocess.DEVNULL, check=False)
    root = Path(tempfile.mkdtemp(dir=parent))
    os.chmod(root, 0o755)
    return root


def make_certificate(folder):
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=mail.example.test", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Server:
    """Something that speaks SMTP, IMAP and POP3 at `offset` + the usual port."""

    name = ""

    def __init__(self, accounts):
        self.accounts = accounts
        self.offset = free_offset()
        self.sink = free_port()  # where mail for other servers goes
        self.root = own_folder()
        self.pids = []

    def port(self, port):
        return self.offset + port

    def cpu(self):
        """Seconds of processor time so far, of all its processes, ended ones too."""
        ticks = 0
        for root_pid in self.pids:
            for pid in processes_under(root_pid):
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                    ticks += sum(int(field) for field in fields[11:15])
                except OSError:
                    pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Bytes of memory that are its own: proportional set size, shared pages counted once."""
        total = 0
        for root_pid in self.pids:
            for pid in processes_under(root_pid):
                try:
                    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                        if line.startswith("Pss:"):
                            total += int(line.split()[1]) * 1024
                except OSError:
                    pass
        return total

    def stop(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for pid in self.pids:
            wait_for(lambda: not is_running(pid), f"the end of {self.name}")
        shutil.rmtree(self.root, ignore_errors=True)


def is_running(pid):
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return Path(f"/proc/{pid}").exists()


class Waxwing(Server):
    name = "Waxwing"

    def __init__(self, accounts, durability="normal"):
        super().__init__(accounts)
        self.binary = ROOT / "build/release/waxwing"
        self.config = self.root / "waxwing.yaml"
        data_dir = self.root / "data"
        data_dir.mkdir()
        user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(data_dir, user)
        self.config.write_text(
            f"hostname: mail.example.test\ndata_dir: {data_dir}\nuser: {user}\ndurability: {durability}\n"
            f"listen: {{addresses: [127.0.0.1], port_offset: {self.offset}}}\n"
            f"relay: {{host: 127.0.0.1, port: {self.sink}, tls: none}}\n"
            "limits: {free_space: 100MiB, connections_per_address: 10000, messages_per_minute: 100000000, sends_per_hour: 0, "
            "sends_per_day: 0}\n"
            # Postfix, as it is set up here, asks nobody and signs nothing either.
            "sender_policy: {verify: false}\ndkim: {sign: false}\n"
            "log: {level: warning}\n")
        self.command("domain", "add", "example.test")
        secrets = self.root / "accounts"
        secrets.write_text("".join(f"user{n}@example.test:{{PLAIN}}{PASSWORD}\n" for n in range(accounts)))
        self.command("account", "import", str(secrets))
        self.log = open(self.root / "log", "w")
        process = subprocess.Popen([self.binary, "serve", "--config", self.config], stdout=subprocess.PIPE,
                                   stderr=self.log, text=True)
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("waxwing did not start: " + (self.root / "log").read_text())
        self.pids = [process.pid]

    def command(self, *words):
        subprocess.run([self.binary, *words, "--config", self.config], check=True, stdout=subprocess.DEVNULL)


class Floor(Server):
    """No mail server: what this machine takes for the least that any would have to do (floor.cc)."""

    name = "the least possible"
    ROWS = {"deliver-1", "deliver-20", "deliver-100", "append-1", "append-10", "sign-in", "fill-letters", "download", "pop3"}

    def __init__(self, accounts):
        super().__init__(accounts)
        certificate, key = make_certificate(self.root)
        for folder in ("tmp", "cur"):
            (self.root / folder).mkdir()
        process = subprocess.Popen([ROOT / "build/release/waxwing_floor", "--folder", self.root, "--smtp", str(self.port(25)),
                                    "--pop3", str(self.port(110)), "--imap", str(self.port(143)), "--imaps", str(self.port(993)),
                                    "--certificate", certificate, "--key", key])
        self.pids.append(process.pid)
        wait_for(lambda: answers(self.port(25)) and answers(self.port(143)), "the greeting")


class DovecotPostfix(Server):
    """Debian's Postfix, delivering by LMTP to Debian's Dovecot, both tuned for one small machine."""

    def __init__(self, accounts, mailbox_format="maildir"):
        super().__init__(accounts)
        self.name = f"Postfix + Dovecot ({mailbox_format})"
        self.format = mailbox_format
        for need in ("/usr/sbin/postfix", "/usr/sbin/dovecot"):
            if not os.path.exists(need):
                raise RuntimeError(f"{need} is missing: apt-get install postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd")
        self.start_dovecot()
        self.start_postfix()

    def start_dovecot(self):
        mail = self.root / "mail"
        mail.mkdir()
        shutil.chown(mail, "mail", "mail")
        certificate, key = make_certificate(self.root)
        config = self.root / "dovecot.conf"
        config.write_text(f"""
base_dir = {self.root}/run
state_dir = {self.root}/state
log_path = {self.root}/dovecot.log
listen = 127.0.0.1
protocols = imap pop3 lmtp
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_cache_size = 10M
auth_cache_ttl = 1 hour
mail_location = {self.format}:{mail}/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_max_userip_connections = 10000
mail_fsync = optimized
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={mail}/%u
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 5000
  inet_listener imap {{
    port = {self.port(143)}
  }}
  inet_listener imaps {{
    port = {self.port(993)}
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {{
    port = {self.port(110)}
  }}
  inet_listener pop3s {{
    port = {self.port(995)}
  }}
}}
service imap {{
  service_count = 100000
  process_min_avail = 2
  client_limit = 20
  process_limit = 2000
}}
service pop3 {{
  service_count = 1000
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0666
  }}
}}
imap_hibernate_timeout = 2s
service imap {{
  unix_listener imap-master {{
    mode = 0666
  }}
  extra_groups = dovecot
}}
service lmtp {{
  process_min_avail = 4
  service_count = 0
  unix_listener lmtp {{
    path = {self.root}/lmtp
    mode = 0666
  }}
}}
default_process_limit = 1000
default_client_limit = 10000
service anvil {{
  client_limit = 20000
}}
service auth {{
  client_limit = 20000
}}
""")
        process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pids.append(process.pid)
        wait_for(lambda: answers(self.port(143)), "Dovecot's greeting")

    def start_postfix(self):
        config, spool, data = self.root / "postfix", self.root / "spool", self.root / "postfix-data"
        for folder in (config, spool, data):
            folder.mkdir()
        shutil.chown(data, "postfix")
        (config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = {self.root}/postfix.log
maillog_file_prefixes = /tmp, /var
virtual_mailbox_domains = example.test
virtual_transport = lmtp:unix:{self.root}/lmtp
lmtp_destination_concurrency_limit = 20
default_process_limit = 200
smtpd_peername_lookup = no
disable_dns_lookups = yes
relayhost = [127.0.0.1]:{self.sink}
smtp_destination_concurrency_limit = 20
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
alias_maps =
alias_database =
""")
        lines = [f"127.0.0.1:{self.port(25)} inet n - n - - smtpd", "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup",
                 "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce",
                 "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "error unix - - n - - error",
                 "retry unix - - n - - error", "discard unix - - n - - discard", "lmtp unix - - n - - lmtp", "smtp unix - - n - - smtp", "relay unix - - n - - smtp",
                 "anvil unix - - n - 1 anvil",
                 "proxymap unix - - n - - proxymap", "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd",
                 "flush unix n - n 1000? 0 flush", "showq unix n - n - - showq", "tlsmgr unix - - n 1000? 1 tlsmgr"]
        (config / "master.cf").write_text("\n".join(lines) + "\n")
        subprocess.run(["/usr/sbin/postfix", "-c", config, "start"], check=True, capture_output=True)
        wait_for(lambda: answers(self.port(25)), "Postfix's greeting")
        self.pids.append(int((spool / "pid/master.pid").read_text()))
