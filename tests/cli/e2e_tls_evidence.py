#!/usr/bin/env python3
"""The connection that carried the bytes, as evidence: certificate chain,
timestamps and OCSP response are stored, bound by the event, handed over, and
checked by openssl alone; nothing of it can be changed or left out."""
import hashlib
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
import tls_server  # noqa: E402

KEY = 'example.org/archive'


class TlsEvidence(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = tls_server.Authority(cls.folder / 'ca')
        cls.cert, key = cls.authority.site()
        cls.staple = cls.authority.staple(cls.cert)
        for tls in ('tls1_2', 'tls1_3'):
            server = cls.enterClassContext(tls_server.Server(
                cls.authority, cls.cert, key, '-status_file', cls.staple,
                '-serverinfo', cls.authority.sct_file(), '-' + tls))
            run = e2e.stemma('--archive', cls.archive, 'capture',
                             server.url(), '--cacert', cls.authority.root,
                             *server.network())
            assert run.code == e2e.DONE, f'\n{run}'
        key = cls.folder / 'log.key'
        e2e.stemma('key', 'create', KEY, '--out', key)
        run = e2e.stemma('--archive', cls.archive, 'key', 'sign', '--key', key)
        assert run.code == e2e.DONE, f'\n{run}'
        cls.vkey = pathlib.Path(f'{key}.vkey')

    def captures(self):
        return self.events('capture')

    def proof(self, *captures):
        folder = self.folder / self.id().rpartition('.')[2]
        self.run_stemma('export', '--proof', folder, *captures)
        return folder

    def judge(self, folder, *args):
        """Our verdict and that of the script; they must agree."""
        vkey = self.vkey.read_text().strip()
        ours = e2e.stemma('check', '--evidence', folder, '--vkey', vkey, *args)
        script = subprocess.run(
            ['bash', folder / 'verify.sh', '--vkey', vkey, *map(str, args)],
            capture_output=True, text=True, check=False)
        self.assertEqual(ours.code, script.returncode,
                         f'{ours}\n{script.stdout}\n{script.stderr}')
        return ours.code, ours.out + script.stdout

    def test_events_name_what_the_server_showed(self):
        staple = hashlib.sha256(self.staple.read_bytes()).hexdigest()
        scts = hashlib.sha256(tls_server.sct_list()).hexdigest()
        for event, tls in zip(self.captures(), ('tls/1.2', 'tls/1.3')):
            facts = event['connection']
            self.assertEqual(facts['tls'], tls)
            self.assertEqual(len(facts['certificates']), 2)
            self.assertEqual(facts['ocsp']['sha256'], staple)
            self.assertEqual(facts['ocsp']['status'], 'good')
            self.assertNotIn('fault', facts['ocsp'])
            self.assertEqual(facts['sct_list_sha256'], scts)
            self.assertEqual(facts['scts'],
                             [{'from': 'handshake',
                               'log': tls_server.LOG_ID.hex(),
                               't': '2026-03-01T00:00:00.000Z'}])

    def test_records_hold_them_as_sent(self):
        stored = {r.field('Content-Type'): r.block for _, _, r in
                  e2e.reader.Archive(self.archive).records()
                  if r.field('WARC-Type') == 'resource'}
        self.assertEqual(stored['application/ocsp-response'],
                         self.staple.read_bytes())
        self.assertEqual(stored['application/octet-stream'],
                         tls_server.sct_list())
        self.assertIn('application/pem-certificate-chain', stored)
        self.assert_readable_by_others()

    def test_a_hand_over_is_checked_by_openssl_alone(self):
        # The second one's chain lies in a record of the first.
        folder = self.proof(self.captures()[1]['id'])
        self.assertEqual(len(list((folder / 'certificates').iterdir())), 4)
        code, said = self.judge(folder, '--web-ca', self.authority.root)
        self.assertEqual(code, e2e.DONE, said)
        self.assertEqual(said.count('leads to a'), 2, said)
        self.assertEqual(said.count('OCSP response says'), 2, said)

    def test_a_whole_archive_brings_them_along(self):
        folder = self.proof()
        self.assertEqual(len(list((folder / 'certificates').iterdir())), 4)
        code, said = self.judge(folder)
        self.assertEqual(code, e2e.DONE, said)

    def test_another_root_is_said_and_is_no_proof(self):
        folder = self.proof(self.captures()[0]['id'])
        other = tls_server.Authority(self.folder / 'other', 'Other Authority')
        code, said = self.judge(folder, '--web-ca', other.root)
        self.assertEqual(code, e2e.TROUBLE, said)
        # Without roots the chain counts as not checked.
        code, said = self.judge(folder)
        self.assertEqual(code, e2e.DONE, said)
        self.assertIn('no --web-ca', said)

    def test_changed_missing_and_swapped_files_are_found(self):
        folder = self.proof(self.captures()[0]['id'])
        names = sorted(p.name for p in (folder / 'certificates').iterdir())
        for name in names:
            path = folder / 'certificates' / name
            kept = path.read_bytes()
            path.write_bytes(kept + b'\n')
            self.assertEqual(self.judge(folder)[0], e2e.BAD_ANSWER, name)
            path.write_bytes(kept)
        ocsp, = (folder / 'certificates').glob('*.ocsp')
        ocsp.unlink()
        self.assertEqual(self.judge(folder)[0], e2e.BAD_ANSWER)
        ocsp.symlink_to(self.staple)
        self.assertEqual(self.judge(folder)[0], e2e.BAD_ANSWER)
        shutil.rmtree(folder / 'certificates')
        code, said = self.judge(folder)
        self.assertEqual(code, e2e.BAD_ANSWER, said)


if __name__ == '__main__':
    e2e.main()
