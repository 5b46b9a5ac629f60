"""A tunnel for clients that speak TLS only: takes it off and passes requests on to a server
without.
"""

import http.server
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request


class Tunnel(http.server.BaseHTTPRequestHandler):
    endpoint = ""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {
            name: self.headers[name]
            for name in ("Authorization", "Content-Type")
            if name in self.headers
        }
        request = urllib.request.Request(self.endpoint + self.path, body, headers)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def start(endpoint):
    """Begins to pass on to `endpoint`; returns the server and the file of its certificate."""
    folder = tempfile.mkdtemp()
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            f"{folder}/key",
            "-out",
            f"{folder}/cert",
        ],
        check=True,
        capture_output=True,
    )
    Tunnel.endpoint = endpoint
    server = http.server.ThreadingHTTPServer(("localhost", 0), Tunnel)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert", f"{folder}/key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"{folder}/cert"
