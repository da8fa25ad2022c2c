"""A mail server of one's own, which says what it is told to say."""

import socketserver
import threading
from contextlib import contextmanager


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as one mail needs."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.say("220 mail.example.com")
        while line := self.rfile.readline():
            verb = line[:4].decode().upper().strip()
            self.server.heard.append(line.decode().strip())
            if verb in self.server.answers:
                self.say(self.server.answers[verb])
            elif verb == "DATA":
                self.say("354 go on")
                body = []
                while (row := self.rfile.readline()) != b".\r\n":
                    body.append(row)
                self.server.mails.append(b"".join(body).decode())
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 mail.example.com")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_server(**answers):
    """A server on a free port of this machine; ``RCPT="550 unknown"`` is what it answers to that command. It remembers
    ``mails`` and what it ``heard``."""
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.answers, server.mails, server.heard = answers, [], []
        server.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
