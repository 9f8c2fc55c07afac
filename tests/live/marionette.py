"""A client of Marionette, the door through which Gecko programs let themselves be driven: commands
and answers are JSON behind their length, over TCP.

    with Marionette(port) as program:
        program.run("return Services.appinfo.name")

Scripts run as the program's own code does, which it must allow: --remote-allow-system-access.
"""

import base64
import json
import socket


class ScriptError(AssertionError):
    """What a script threw, with where it did."""


class Marionette:
    def __init__(self, port, seconds=120):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._unread = b""
        self._last_id = 0
        self._receive()  # its greeting
        # Answers once the first window is there.
        self.command("WebDriver:NewSession")
        self.command("WebDriver:SetTimeouts", {"script": seconds * 1000})
        self.command("Marionette:SetContext", {"value": "chrome"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def command(self, name, parameters=None):
        self._last_id += 1
        request = json.dumps([0, self._last_id, name, parameters or {}]).encode()
        self._socket.sendall(b"%d:%s" % (len(request), request))
        kind, number, error, result = self._receive()
        assert (kind, number) == (1, self._last_id), (kind, number, name)
        if error:
            raise ScriptError(f"{name}: {error['error']}: {error['message']}\n{error['stacktrace']}")
        return result

    def run(self, script, *arguments):
        """The value that the script returns, or that of the promise that it returns."""
        return self.command("WebDriver:ExecuteScript", {"script": script, "args": arguments, "sandbox": "system"})["value"]

    def screenshot(self):
        """The window, as PNG."""
        return base64.b64decode(self.command("WebDriver:TakeScreenshot", {"full": False})["value"])

    def quit(self):
        """Ends the program as its menu does; its process ends some time later."""
        self.command("Marionette:Quit", {"flags": ["eAttemptQuit"]})
        self.close()

    def _receive(self):
        while b":" not in self._unread:
            self._read_some()
        length, _, self._unread = self._unread.partition(b":")
        while len(self._unread) < int(length):
            self._read_some()
        message, self._unread = self._unread[:int(length)], self._unread[int(length):]
        return json.loads(message)

    def _read_some(self):
        some = self._socket.recv(65536)
        if not some:
            raise EOFError("the program has closed Marionette")
        self._unread += some
