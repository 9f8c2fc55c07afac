"""A mail server for tests, whose answers the recipient's name chooses: other servers as they are met.

    sink = Sink(("127.0.0.2", port))
    sink.messages                         what was taken: dicts of sender, recipients, data, commands
    sink.rules["slow"] = [b"451 4.7.1 later", None]   answers to RCPT of slow@..., None: it is taken
"""

import re
import socket
import ssl
import threading

EXTENSIONS = ("PIPELINING", "SIZE 60000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN",
              "ENHANCEDSTATUSCODES")


class Sink:
    def __init__(self, address, extensions=EXTENSIONS, certificate=None, greeting=b"220 sink ESMTP",
                 tls_first=False, users=None):
        self.extensions = extensions
        self.greeting = greeting
        self.tls_first = tls_first
        self.users = users or {}
        self.messages = []
        self.signed_in = []
        self.rules = {}        # local part -> answers to RCPT, one after another, the last for ever
        self.data_rules = {}   # the same for the end of the message
        self.connections = 0
        self.most = 0          # connections at once
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self.open = 0
        self.listener = socket.create_server(address, backlog=512)
        self.address = self.listener.getsockname()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def close(self):
        # A thread that waits in accept() would go on with a socket that is only closed.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()

    def wait(self, count, seconds=30):
        """The messages, once there are so many."""
        with self.lock:
            if not self.arrived.wait_for(lambda: len(self.messages) >= count, seconds):
                raise AssertionError(f"{len(self.messages)} messages came, not {count}")
            return list(self.messages)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self.lock:
            self.connections += 1
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls_first:
                client = self.tls.wrap_socket(client, server_side=True)
            Conversation(self, client).run()
        except (OSError, EOFError):
            pass
        finally:
            client.close()
            with self.lock:
                self.open -= 1

    def answer(self, rules, name):
        with self.lock:
            answers = rules.get(name)
            if not answers:
                return None
            return answers.pop(0) if len(answers) > 1 else answers[0]


class Conversation:
    def __init__(self, sink, client):
        self.sink = sink
        self.client = client
        self.file = client.makefile("rb")
        self.encrypted = sink.tls_first
        self.peer = client.getpeername()[0]
        self.forget()

    def forget(self):
        self.sender, self.recipients, self.commands, self.chunks = None, [], [], b""

    def say(self, text):
        self.client.sendall(text + b"\r\n")

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line.rstrip(b"\r\n")

    def run(self):
        self.say(self.sink.greeting)
        while True:
            line = self.line()
            verb = line.split(b" ")[0].upper()
            handler = getattr(self, "on_" + verb.decode("ascii", "replace").lower(), None)
            if verb == b"QUIT":
                return self.say(b"221 2.0.0 bye")
            if handler is None:
                self.say(b"500 5.5.2 what?")
            else:
                handler(line)

    def on_ehlo(self, line):
        offered = list(self.sink.extensions)
        if self.sink.tls and not self.encrypted:
            offered.append("STARTTLS")
        if self.sink.users:
            offered.append("AUTH PLAIN LOGIN")
        lines = ["sink"] + offered
        for number, text in enumerate(lines):
            self.say(("250" + ("-" if number + 1 < len(lines) else " ") + text).encode())

    def on_helo(self, line):
        self.say(b"250 sink")

    def on_starttls(self, line):
        self.say(b"220 2.0.0 go")
        self.client = self.sink.tls.wrap_socket(self.client, server_side=True)
        self.file = self.client.makefile("rb")
        self.encrypted = True
        self.forget()

    def on_auth(self, line):
        import base64
        _, user, password = base64.b64decode(line.split(b" ")[2]).split(b"\0")
        if self.sink.users.get(user.decode()) != password.decode():
            return self.say(b"535 5.7.8 no")
        self.sink.signed_in.append((user.decode(), self.encrypted))
        self.say(b"235 2.7.0 welcome")

    def on_mail(self, line):
        self.sender = re.search(rb"<(.*)>", line).group(1).decode()
        self.commands = [line.decode()]
        self.say(b"250 2.1.0 ok")

    def on_rcpt(self, line):
        address = re.search(rb"<(.*)>", line).group(1).decode()
        answer = self.sink.answer(self.sink.rules, address.split("@")[0])
        self.commands.append(line.decode())
        if answer == b"drop":
            raise EOFError
        if answer is None:
            self.recipients.append(address)
        self.say(answer or b"250 2.1.5 ok")

    def on_data(self, line):
        if not self.recipients:
            return self.say(b"554 5.5.1 no valid recipients")
        self.say(b"354 go")
        data = []
        while True:
            text = self.file.readline()
            if not text:
                raise EOFError
            if text == b".\r\n":
                break
            data.append(text[1:] if text.startswith(b".") else text)
        self.finish(b"".join(data))

    def on_bdat(self, line):
        words = line.split(b" ")
        size = int(words[1])
        text = self.file.read(size)
        if len(text) < size:
            raise EOFError
        self.chunks += text
        if not self.recipients:
            return self.say(b"554 5.5.1 no valid recipients")
        if len(words) < 3:
            return self.say(b"250 2.0.0 more")
        self.finish(self.chunks)

    def finish(self, data):
        answer = self.sink.answer(self.sink.data_rules, self.recipients[0].split("@")[0])
        if answer == b"drop":
            raise EOFError
        if answer is None:
            with self.sink.lock:
                self.sink.messages.append({"sender": self.sender, "recipients": self.recipients,
                                           "data": data, "commands": self.commands,
                                           "tls": self.encrypted, "peer": self.peer})
                self.sink.arrived.notify_all()
        self.forget()
        self.say(answer or b"250 2.0.0 taken")

    def on_rset(self, line):
        self.forget()
        self.say(b"250 2.0.0 ok")

    def on_noop(self, line):
        self.say(b"250 2.0.0 ok")
