"""A real SMS gateway: an HTTP server that takes JSON, as friendly or as difficult as a test wants it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SmsGateway:
    """Takes SMS on 127.0.0.1. ``answer`` is (status, body) for each; ``hangs`` keeps everybody waiting."""

    def __init__(self):
        self.taken, self.asked, self.answer = [], 0, (200, "{}")
        self.hangs, self.let_go = False, threading.Event()
        self.balance = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"json://{self.address}/sms?:to={{phone}}&rto=0.5"

    def texts(self) -> list[tuple[str, str]]:
        return [(sms["to"], sms["message"]) for sms in self.taken]

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


def _handler(gateway):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sms = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            gateway.asked += 1
            if gateway.hangs:
                gateway.let_go.wait(20)
                return
            status, body = gateway.answer(sms) if callable(gateway.answer) else gateway.answer
            if status == 200:
                gateway.taken.append(sms)
            self.reply(status, body)

        def do_GET(self):
            gateway.asked_by = self.headers.get("Authorization")
            self.reply(*(gateway.balance or (404, "")))

        def reply(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args):
            pass

    return Handler
