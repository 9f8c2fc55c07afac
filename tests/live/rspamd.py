"""Debian's rspamd for a test, as others run it: it looks at the DKIM signatures of what it is shown, and signs it.

    filter = Rspamd(name_server_port, key="key.pem", selector="s2")
    filter.start()
    filter.dkim(message)                  {"R_DKIM_ALLOW": ["example.test:s=s1"]}
    filter.signed(message)                with a signature by that key
    filter.discard()
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

import harness

CONFIGURATION = """\
options {{
  filters = "dkim";
  url_tld = "{folder}/suffixes";
  disable_hyperscan = true;
  pidfile = "{folder}/pid";
  tempdir = "{folder}";
  control_socket = "{folder}/control mode=0600";
  cache_file = "{folder}/cache";
  hs_cache_dir = "{folder}";
  local_addrs = [];
  dns {{ nameserver = ["127.0.0.1:{names}:1"]; timeout = 10s; }}
}}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
dkim {{ check_local = true; check_authed = true; }}
modules {{ path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }}
dkim_signing {{
  enabled = {signs};
  allow_username_mismatch = true;
  use_domain = "header";
  use_esld = false;
  selector = "{selector}";
  path = "{key}";
}}
"""


class Rspamd:
    def __init__(self, name_server_port, key="", selector=""):
        self.folder = tempfile.mkdtemp(prefix="waxwing-rspamd-")
        self.port = harness.free_port()
        self.process = None
        with open(os.path.join(self.folder, "suffixes"), "w") as out:
            out.write("test\n")  # the whole list takes it long to read
        self.configuration = os.path.join(self.folder, "rspamd.conf")
        with open(self.configuration, "w") as out:
            out.write(CONFIGURATION.format(folder=self.folder, port=self.port, names=name_server_port,
                                           signs="true" if key else "false", key=key, selector=selector))

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["rspamd", "-f", "-i", "-c", self.configuration], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        harness.wait_for(self._answers, f"rspamd; {self.folder}/log says why", 60)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "log"), errors="replace") as log:
                raise harness.Failure(f"rspamd has ended:\n{log.read()[-2000:]}")
        try:
            return self._ask("ping") == b"pong\r\n"
        except (OSError, urllib.error.URLError):
            return False

    def _ask(self, path, data=None):
        headers = {"IP": "192.0.2.1", "User": "somebody"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def dkim(self, message):
        """The symbols that speak of DKIM, and of which domains and selectors."""
        symbols = json.loads(self._ask("checkv2", message))["symbols"]
        return {name: symbol.get("options", []) for name, symbol in symbols.items() if name.startswith("R_DKIM")}

    def signed(self, message):
        answer = json.loads(self._ask("checkv2", message))
        return b"DKIM-Signature: " + answer["dkim-signature"].encode() + b"\r\n" + message

    def discard(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
