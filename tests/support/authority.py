"""A timestamp authority for tests: RFC 3161 over HTTP on loopback, its answers
made by `openssl ts`."""
import http.server
import pathlib
import subprocess
import threading

CONFIG = """
[tsa]
default_tsa = unit
[unit]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
UNIT = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


class Authority:
    """`with Authority(folder) as tsa:` gives `tsa.url` and `tsa.ca`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / 'ca.pem'
        self._make()

    def _openssl(self, *args, **kwargs):
        return subprocess.run(['openssl', *map(str, args)], check=True,
                              capture_output=True, cwd=self.folder, **kwargs)

    def _make(self):
        (self.folder / 'unit.ext').write_text(UNIT)
        (self.folder / 'ts.cnf').write_text(
            CONFIG.format(folder=self.folder))
        (self.folder / 'serial').write_text('01\n')
        key = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
               '-nodes')
        self._openssl('req', '-x509', *key, '-days', '3650', '-subj',
                      '/O=Example Time/CN=Example Time root', '-keyout',
                      'ca.key', '-out', 'ca.pem', '-addext',
                      'keyUsage=critical,keyCertSign,cRLSign')
        self._openssl('req', *key, '-subj',
                      '/O=Example Time/CN=Example Time unit 1', '-keyout',
                      'unit.key', '-out', 'unit.csr')
        self._openssl('x509', '-req', '-in', 'unit.csr', '-CA', 'ca.pem',
                      '-CAkey', 'ca.key', '-set_serial', '2', '-days', '3650',
                      '-extfile', 'unit.ext', '-out', 'unit.pem')

    def answer(self, query):
        """The DER of the answer to a DER request."""
        (self.folder / 'query').write_bytes(query)
        self._openssl('ts', '-reply', '-config', 'ts.cnf', '-queryfile',
                      'query', '-signer', 'unit.pem', '-inkey', 'unit.key',
                      '-out', 'answer')
        return (self.folder / 'answer').read_bytes()

    def __enter__(self):
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_POST(self):
                size = int(self.headers['Content-Length'])
                body = authority.answer(self.rfile.read(size))
                self.send_response(200)
                self.send_header('Content-Type',
                                 'application/timestamp-reply')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        self.port = self._server.server_address[1]
        self.url = f'http://127.0.0.1:{self.port}/'
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()
