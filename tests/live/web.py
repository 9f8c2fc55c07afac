"""Certificates of a test's own authority, and a web server with TLS that has policies and takes reports.

    authority = web.Authority(folder)
    authority.file                                   to be trusted
    authority.issue("mx.example.test")               a PEM file: certificate, the authority's, key
    server = web.Server(authority, ["mta-sts.example.test"])
    server.files["mta-sts.example.test/path"] = (200, "text/plain", "...")
    server.posted                                    dicts of host, path, type, content
"""

import http.server
import os
import ssl
import subprocess
import threading


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.file = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.file,
                  "-days", "30", "-subj", f"/CN={name}")
        self.count = 0

    def _run(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

    def issue(self, *names, days=30):
        """A negative number of days: it has expired."""
        self.count += 1
        base = os.path.join(self.folder, f"{os.path.basename(self.file)}-{self.count}")
        self._run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", base + ".key", "-out", base + ".csr",
                  "-subj", f"/CN={names[0][:60]}")
        with open(base + ".ext", "w") as out:
            out.write("subjectAltName=" + ",".join("DNS:" + name for name in names) + "\n")
        self._run("x509", "-req", "-in", base + ".csr", "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                  "-days", str(days), "-extfile", base + ".ext", "-out", base + ".crt")
        with open(base + ".pem", "w") as out:
            for path in (base + ".crt", self.file, base + ".key"):
                with open(path) as part:
                    out.write(part.read())
        return base + ".pem"


def digest(pem, selector):
    """SHA-256 of the first certificate of a PEM file (0), or of its public key (1), in hexadecimal."""
    command = "openssl x509 -outform DER" if selector == 0 else \
        "openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER"
    with open(pem) as file:
        said = subprocess.run(command + " | openssl dgst -sha256 -r", shell=True, stdin=file, check=True,
                              capture_output=True, text=True, timeout=60)
    return said.stdout.split()[0]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        web = self.server.web
        name = self.headers.get("Host", "").split(":")[0] + self.path
        with web.lock:
            web.asked.append(name)
        status, kind, text = web.files.get(name, (404, "text/plain", "nothing here\n"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status in (301, 302):
            self.send_header("Location", text)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        web = self.server.web
        content = self.rfile.read(int(self.headers["Content-Length"]))
        with web.lock:
            web.posted.append({"host": self.headers.get("Host", "").split(":")[0], "path": self.path,
                               "type": self.headers["Content-Type"], "content": content})
        self.send_response(web.post_status)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, authority, names):
        self.files, self.posted, self.asked = {}, [], []
        self.post_status = 201
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.web = self
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(authority.issue(*names))
        # The handshake is for the thread of the connection.
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
