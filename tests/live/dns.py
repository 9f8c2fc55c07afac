"""A name server for a test: Debian's knotd on a loopback port of its own (UDP and TCP), with the zones
that the test writes, signed by itself where the test wants that.

    zones = {"example.test": "@ MX 10 mx\nmx A 127.0.0.2\n"}
    with dns.NameServer(zones, signed=["example.test"]) as server:
        server.address                      "127.0.0.1@31700", as dns.server takes it
        server.settings()                   the whole `dns:` line for a configuration
        server.trust_anchor()               a file with the keys of all signed zones
        server.change("example.test", "@ MX 10 other\n...")
        server.read("example.test")         the records as the server has them

A zone is written without SOA and NS; names without a last dot are the zone's. What is in none of the
zones is refused.
"""

import os
import shutil
import socket
import struct
import subprocess
import tempfile

import harness

TOOLS = ("knotd", "knotc", "keymgr")

CONFIGURATION = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
control:
    listen: {folder}/knot.sock
log:
  - target: stderr
    any: info
database:
    storage: {folder}
policy:
  - id: own
    single-type-signing: on
    algorithm: ecdsap256sha256
template:
  - id: default
    storage: {folder}
    file: %s.zone
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
"""

SOA, DNSKEY = 6, 48


class NameServer:
    def __init__(self, zones, signed=()):
        self.zones = dict(zones)
        self.signed = list(signed)
        self.folder = tempfile.mkdtemp(prefix="waxwing-dns-")
        self.port = harness.free_port()
        self.address = f"127.0.0.1@{self.port}"
        self.process = None
        self.configuration = os.path.join(self.folder, "knot.conf")
        with open(self.configuration, "w") as out:
            out.write(CONFIGURATION.format(port=self.port, folder=self.folder))
            for zone in self.zones:
                out.write(f"  - domain: {zone}\n")
                if zone in self.signed:
                    out.write("    dnssec-signing: on\n    dnssec-policy: own\n")
        for zone, text in self.zones.items():
            self._write(zone, text)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *_):
        self.stop()
        self.discard()

    def _write(self, zone, text):
        zone = zone.rstrip(".")  # the root's is empty
        path = os.path.join(self.folder, zone + ".zone")
        with open(path + ".new", "w") as out:
            out.write(f"$ORIGIN {zone}.\n$TTL 1\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n" + text)
        os.replace(path + ".new", path)

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["knotd", "-c", self.configuration], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        for zone in self.zones:
            try:
                harness.wait_for(lambda zone=zone: self._is_served(zone), f"the zone {zone}")
            except harness.Failure as failure:
                raise harness.Failure(f"{failure}\n{self.log()}")
        return self

    def _is_served(self, zone):
        if self.process.poll() is not None:
            raise harness.Failure(f"knotd has ended:\n{self.log()}")
        return self._count(zone, SOA) > 0 and (zone not in self.signed or self._count(zone, DNSKEY) > 0)

    def _count(self, name, kind):
        """How many records it has of a name; a query as in RFC 1035 section 4.1."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
        query = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.5)
            asking.connect(("127.0.0.1", self.port))
            try:
                asking.send(query)
                answer = asking.recv(4096)
            except OSError:
                return 0
        return struct.unpack("!H", answer[6:8])[0] if answer[3] & 15 == 0 else 0

    def change(self, zone, text):
        """The zone is another one when this returns; caches hold the old one for a second at most."""
        self.zones[zone] = text
        self._write(zone, text)
        self._control("-b", "zone-reload", zone)

    def read(self, zone):
        """The records of a zone as the server has loaded them: lines "name ttl type data"."""
        lines = self._control("zone-read", zone).splitlines()
        return [line.split("] ", 1)[1] for line in lines if line.startswith("[")]

    def _control(self, *arguments):
        return self._run("knotc", "-s", f"{self.folder}/knot.sock", *arguments)

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise harness.Failure(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}{self.log()}")
        return done.stdout

    def trust_anchor(self, *zones):
        """A file with the DS records (SHA-256) of these signed zones, or of all."""
        path = os.path.join(self.folder, "anchor-" + "-".join(zones))
        with open(path, "w") as out:
            for zone in zones or self.signed:
                listed = self._run("keymgr", "-c", self.configuration, zone, "ds").splitlines()
                out.writelines(line.replace(" DS ", " IN DS ", 1) + "\n" for line in listed if line.split()[4] == "2")
        os.chmod(self.folder, 0o755)  # the daemon reads it as another user
        return path

    def settings(self, anchor=None):
        return f"dns: {{server: {self.address}, trust_anchor: {anchor or self.trust_anchor()}}}\n"

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as log:
            return log.read()[-3000:]

    def stop(self):
        """It can be started again, with its keys."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise harness.Failure(f"knotd did not stop:\n{self.log()}")
        finally:
            self.process = None

    def discard(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
