"""The smallest server: every request gets the same bytes."""
import contextlib
import socket
import threading

PAGE = (b'<!DOCTYPE html><title>A dam</title><article><h1>A dam</h1><p>The dam '
        b'above the town holds, the mayor said.</p></article>')


def answer(*fields, status='200 OK', body=PAGE, length=None):
    head = [f'HTTP/1.1 {status}', 'Content-Type: text/html', *fields]
    if length is None:
        length = len(body)
    head += [f'Content-Length: {length}', 'Connection: close', '', '']
    return '\r\n'.join(head).encode() + body


@contextlib.contextmanager
def server(reply):
    """Answers every request with these bytes, or with what the function
    `reply` makes of it; None: with silence until the test is over. Yields the
    port and the requests seen."""
    listening = socket.create_server(('127.0.0.1', 0))
    over, seen = threading.Event(), []

    def serve():
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                request = whole_request(client)
                seen.append(request)
                if reply is None:
                    over.wait(60)
                else:
                    client.sendall(reply(request) if callable(reply) else reply)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], seen
    finally:
        over.set()
        listening.close()


def whole_request(client):
    """Head, and the body that Content-Length states."""
    data = b''
    while b'\r\n\r\n' not in data:
        more = client.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b'\r\n\r\n')
    length = 0
    for line in head.split(b'\r\n'):
        name, _, value = line.partition(b':')
        if name.lower() == b'content-length':
            length = int(value)
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            break
        body += more
    return head + b'\r\n\r\n' + body
