"""A TLS server on loopback with an authority of its own: what a site shows of
itself besides its bytes, good and bad. Needs OpenSSL's program."""
import base64
import pathlib
import struct
import subprocess

HOST = 'site.example'
LOG_ID = bytes(range(32))  # of a log of certificates that does not exist
SCT_MILLIS = 1772323200000  # 2026-03-01T00:00:00Z
EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


def openssl(*args):
    subprocess.run(['openssl', *map(str, args)], check=True,
                   capture_output=True)


def sct_list():
    """A SignedCertificateTimestampList (RFC 6962 3.3) of one."""
    signature = bytes.fromhex('3006020101020101')  # ECDSA, of the right form
    sct = (b'\0' + LOG_ID + struct.pack('>Q', SCT_MILLIS) + b'\0\0'
           + b'\4\3' + struct.pack('>H', len(signature)) + signature)
    sct = struct.pack('>H', len(sct)) + sct
    return struct.pack('>H', len(sct)) + sct


class Authority:
    """A root, an intermediate, and what they issue."""

    def __init__(self, folder, name='Test Authority'):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = self.folder / 'root.pem'
        self._key = self.folder / 'root.key'
        openssl('req', '-x509', *EC, '-keyout', self._key, '-out', self.root,
                '-days', '3650', '-subj', f'/CN={name}',
                '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
        self.issuer, self.issuer_key = self._issue(
            'issuer', 'basicConstraints=critical,CA:TRUE\n'
            'keyUsage=critical,keyCertSign,cRLSign,digitalSignature\n',
            self.root, self._key, 3650)

    def _issue(self, name, extensions, by, by_key, days):
        cert, key, request, config = (
            self.folder / f'{name}.{end}'
            for end in ('pem', 'key', 'csr', 'ext'))
        openssl('req', *EC, '-keyout', key, '-out', request,
                '-subj', f'/CN={name}')
        config.write_text(extensions)
        openssl('x509', '-req', '-in', request, '-CA', by, '-CAkey', by_key,
                '-CAcreateserial', '-days', days, '-extfile', config,
                '-out', cert)
        return cert, key

    def site(self, name='site', host=HOST, days=365):
        """A certificate for `host`; negative days: it has ended."""
        return self._issue(name, 'basicConstraints=CA:FALSE\n'
                           f'subjectAltName=DNS:{host}\n',
                           self.issuer, self.issuer_key, days)

    def staple(self, cert):
        """An OCSP response that calls `cert` good, signed by the issuer."""
        serial = subprocess.run(
            ['openssl', 'x509', '-in', cert, '-noout', '-serial'], check=True,
            capture_output=True, text=True).stdout.strip().partition('=')[2]
        index, response = self.folder / 'index.txt', self.folder / 'ocsp.der'
        index.write_text(f'V\t491231235959Z\t\t{serial}\tunknown\t/CN=x\n')
        openssl('ocsp', '-index', index, '-CA', self.issuer, '-rsigner',
                self.issuer, '-rkey', self.issuer_key, '-issuer', self.issuer,
                '-cert', cert, '-ndays', '7', '-respout', response)
        return response

    def sct_file(self):
        """What s_server sends as extension 18, in TLS 1.2 and 1.3."""
        path = self.folder / 'serverinfo.pem'
        content = sct_list()
        body = base64.b64encode(struct.pack('>IHH', 0x1180, 18, len(content))
                                + content).decode()
        path.write_text('-----BEGIN SERVERINFOV2 FOR SCT-----\n' + body
                        + '\n-----END SERVERINFOV2 FOR SCT-----\n')
        return path


class Server:
    """openssl s_server; answers with the files of its folder, heads and all."""

    def __init__(self, authority, cert, key, *args):
        pages = authority.folder / 'pages'
        pages.mkdir(exist_ok=True)
        body = ('<!DOCTYPE html><title>A dam</title><article><h1>A dam</h1>'
                '<p>The dam above the town holds, the mayor said on Monday, '
                'and nobody has to leave.</p></article>')
        (pages / 'page').write_bytes(
            b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d'
            b'\r\nConnection: close\r\n\r\n%b' % (len(body), body.encode()))
        self._process = subprocess.Popen(
            ['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', cert,
             '-key', key, '-cert_chain', authority.issuer, '-HTTP',
             *map(str, args)],
            cwd=pages, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        for line in self._process.stdout:
            if line.startswith('ACCEPT'):
                self.port = int(line.rpartition(':')[2])
                return
        raise RuntimeError('openssl s_server does not start')

    def url(self, host=HOST):
        return f'https://{host}:{self.port}/page'

    def network(self, host=HOST):
        return ['--resolve', f'{host}:{self.port}:127.0.0.1',
                '--allow-private', f'127.0.0.1:{self.port}']

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.kill()
        self._process.stdout.close()
        self._process.wait()
