"""A small HTTP server for tests, which writes nothing beside what they write."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests without a line for each."""

    def log_message(self, *arguments):
        pass


class QuietServer(ThreadingHTTPServer):
    """Ends without waiting for its connections."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that tries a connection and drops it is nothing to tell."""
