#!/usr/bin/env python3
"""Serves the sites of story.py on loopback, each under its own host name.

  python3 sites.py FOLDER    FOLDER keeps films and certificates. Prints one
                             line of JSON {"http","https","cacert","urls",
                             "network"} once it is ready, then serves until
                             its standard input ends.

HTTP and HTTPS listen on ports of their own, chosen by the system; the
certificates come from an authority made for the occasion. What the servers do
is what real ones do: gzip, chunks, redirects, ranges, validators, robots.txt.
"""
import email.utils
import fcntl
import gzip
import hashlib
import http.server
import json
import pathlib
import re
import socketserver
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import film  # noqa: E402
import story  # noqa: E402

LOOPBACK = '127.0.0.1'
MODIFIED = 1772609400  # 2026-03-04T07:30:00Z, in every Last-Modified


class Resource:
    """What one path of one host answers."""

    def __init__(self, body=b'', mime='text/html; charset=utf-8', status=200,
                 location=None, chunked=False, declared=None, zipped=True):
        self.body = body.encode() if isinstance(body, str) else body
        self.mime = mime
        self.status = status
        self.location = location
        self.chunked = chunked
        self.declared = declared  # a Content-Length larger than the body
        self.zipped = zipped

    @property
    def etag(self):
        return '"%s"' % hashlib.sha256(self.body).hexdigest()[:16]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'small-sites/1.0'
    sys_version = ''

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(head_only=True)

    def do_GET(self):
        self.answer()

    def answer(self, head_only=False):
        host = self.headers.get('Host', '').rpartition(':')[0]
        path = self.path.partition('?')[0]
        with self.server.lock:
            self.server.seen.append((host, path))
            resource = self.server.resources.get((host, path))
        if resource is None:
            resource = Resource(
                f'<!DOCTYPE html><title>404</title><p>Nothing at {path}',
                status=404)
        if resource.location:
            return self.redirect(resource)
        if self.headers.get('If-None-Match') == resource.etag:
            self.send_response(304)
            self.send_header('ETag', resource.etag)
            self.end_headers()
            return None
        if resource.mime.startswith('video/'):
            return self.send_film(resource, head_only)
        return self.send_page(resource, head_only)

    def redirect(self, resource):
        self.send_response(resource.status)
        self.send_header('Location', resource.location)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def send_page(self, resource, head_only):
        body = resource.body
        self.send_response(resource.status)
        self.send_header('Content-Type', resource.mime)
        self.send_header('Last-Modified',
                         email.utils.formatdate(MODIFIED, usegmt=True))
        self.send_header('ETag', resource.etag)
        if resource.zipped and 'gzip' in self.headers.get(
                'Accept-Encoding', ''):
            body = gzip.compress(body, mtime=0)
            self.send_header('Content-Encoding', 'gzip')
            self.send_header('Vary', 'Accept-Encoding')
        if resource.chunked:
            self.send_header('Transfer-Encoding', 'chunked')
            self.end_headers()
            if not head_only:
                for start in range(0, len(body), 1000):
                    piece = body[start:start + 1000]
                    self.wfile.write(b'%x\r\n%b\r\n' % (len(piece), piece))
                self.wfile.write(b'0\r\n\r\n')
            return
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if not head_only:
            self.wfile.write(body)

    def send_film(self, resource, head_only):
        body, first, last = resource.body, 0, len(resource.body) - 1
        wanted = re.fullmatch(r'bytes=(\d+)-(\d*)',
                              self.headers.get('Range', ''))
        if wanted and int(wanted[1]) <= last:
            first = int(wanted[1])
            last = min(last, int(wanted[2] or last))
            self.send_response(206)
            self.send_header('Content-Range',
                             f'bytes {first}-{last}/{len(body)}')
        else:
            self.send_response(resource.status)
        self.send_header('Content-Type', resource.mime)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Last-Modified',
                         email.utils.formatdate(MODIFIED, usegmt=True))
        self.send_header('ETag', resource.etag)
        length = resource.declared or last - first + 1
        self.send_header('Content-Length', str(length))
        self.end_headers()
        if not head_only:
            self.wfile.write(body[first:last + 1])
        if resource.declared:
            self.close_connection = True  # the body ends too early


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that goes away, or distrusts us, is no news."""


def make_certificates(folder, hosts):
    """An authority and one certificate for all hosts; returns their paths."""
    ca_key, ca = folder / 'ca.key', folder / 'ca.pem'
    key, request, cert = (folder / name for name in
                          ('site.key', 'site.csr', 'site.pem'))
    if not cert.exists():
        def openssl(*args):
            subprocess.run(['openssl', *map(str, args)], check=True,
                           capture_output=True)
        curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                 '-nodes']
        openssl('req', '-x509', *curve, '-keyout', ca_key, '-out', ca,
                '-days', '3650', '-subj', '/CN=Demo Authority',
                '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
        openssl('req', *curve, '-keyout', key, '-out', request,
                '-subj', '/CN=' + hosts[0])
        extensions = folder / 'site.ext'
        extensions.write_text(
            'basicConstraints=CA:FALSE\nsubjectAltName='
            + ','.join('DNS:' + host for host in hosts) + '\n')
        openssl('x509', '-req', '-in', request, '-CA', ca, '-CAkey', ca_key,
                '-CAcreateserial', '-days', '3650', '-extfile', extensions,
                '-out', cert)
    return ca, cert, key


class Sites:
    """The servers and what they serve. Use as a context manager."""

    def __init__(self, folder, scheme='https'):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scheme = scheme
        self.resources = {}
        self.seen = []  # (host, path) of every request, in order
        self._lock = threading.Lock()
        # Tests that run at the same time share the folder.
        with open(self.folder / '.lock', 'w', encoding='ascii') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.ca, cert, key = make_certificates(self.folder, story.HOSTS)
            self._films = film.make_films(self.folder)
        self._http = self._server()
        self._https = self._server()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self._https.socket = context.wrap_socket(
            self._https.socket, server_side=True,
            do_handshake_on_connect=False)
        self.http_port = self._http.server_address[1]
        self.https_port = self._https.server_address[1]
        self._add_pages()

    def _server(self):
        server = Server((LOOPBACK, 0), Handler)
        server.resources, server.seen = self.resources, self.seen
        server.lock = self._lock
        return server

    def __enter__(self):
        for server in (self._http, self._https):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        for server in (self._http, self._https):
            server.shutdown()
            server.server_close()

    @property
    def port(self):
        return self.https_port if self.scheme == 'https' else self.http_port

    def base(self, host):
        return f'{self.scheme}://{host}:{self.port}'

    def url(self, host):
        """The address of the site's report."""
        return self.base(host) + story.PATHS[host]

    def film_url(self, host):
        return self.base(host) + story.FILM_PATH

    def network(self, *more_hosts):
        """The options that lead these names to these servers."""
        args = ['--cacert', str(self.ca)]
        for port in (self.http_port, self.https_port):
            args += ['--allow-private', f'{LOOPBACK}:{port}']
            for host in story.HOSTS + more_hosts:
                args += ['--resolve', f'{host}:{port}:{LOOPBACK}']
        return args

    def add(self, host, path, *args, **kwargs):
        with self._lock:
            self.resources[host, path] = Resource(*args, **kwargs)

    def _add_pages(self):
        whole, cut, poster = (path.read_bytes() for path in self._films)
        for host in story.HOSTS:
            self.add(host, '/robots.txt', 'User-agent: *\nDisallow: /admin/\n',
                     'text/plain', zipped=False)
        origin = story.PATHS[story.ORIGIN]
        self.add(story.ORIGIN, origin, story.origin_page(self))
        self.add(story.ORIGIN, '/', story.front_page(self))
        self.add(story.ORIGIN, '/?p=4711', status=301, location=origin)
        self.add(story.ORIGIN, '/short', status=301, location='/2026/short')
        self.add(story.ORIGIN, '/2026/short', status=302, location=origin)
        self.add(story.ORIGIN, '/feed/', story.feed(self),
                 'application/rss+xml')
        self.add(story.ORIGIN, story.FILM_PATH, whole, 'video/mp4')
        self.add(story.ORIGIN, '/poster.jpg', poster, 'image/jpeg',
                 zipped=False)
        self.add(story.REPUBLISHER, story.PATHS[story.REPUBLISHER],
                 story.republisher_page(self))
        self.add(story.MIRROR, story.PATHS[story.MIRROR],
                 story.mirror_page(self), chunked=True)
        self.add(story.MIRROR, '/films/HL_04_03_2026.mp4', whole, 'video/mp4')
        self.add(story.ALTERED, story.PATHS[story.ALTERED],
                 story.altered_page(self), zipped=False)
        self.add(story.ALTERED, '/cdn/v/teal.mp4', cut, 'video/mp4')
        self.add(story.UNRELATED, story.PATHS[story.UNRELATED],
                 story.unrelated_page(self))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with Sites(sys.argv[1]) as sites:
        print(json.dumps({
            'http': sites.http_port, 'https': sites.https_port,
            'cacert': str(sites.ca), 'network': sites.network(),
            'urls': {'origin': sites.url(story.ORIGIN),
                     'republisher': sites.url(story.REPUBLISHER),
                     'mirror': sites.url(story.MIRROR),
                     'altered': sites.url(story.ALTERED),
                     'unrelated': sites.url(story.UNRELATED)},
        }), flush=True)
        sys.stdin.read()


if __name__ == '__main__':
    main()
