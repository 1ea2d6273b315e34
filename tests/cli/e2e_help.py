#!/usr/bin/env python3
"""Help, typing mistakes and exit codes, for every command there is."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402


def commands():
    """The names under the help's list of commands."""
    out = e2e.stemma('--help').out
    listing = re.split(r'(?im)^(?:sub)?commands:?\s*$', out)[-1]
    return re.findall(r'(?m)^ {1,4}([a-z][a-z-]*)\s', listing)


def options(text):
    return set(re.findall(r'(?<![\w-])--[a-z][a-z-]+', text))


def options_of_help(name):
    """Those of a command and of its subcommands; examples do not count."""
    text = e2e.stemma(name, '--help').out
    found = options(re.split(r'xamples', text)[0])
    listing = re.split(r'(?m)^commands:\s*$', text)
    if len(listing) > 1:
        for sub in re.findall(r'(?m)^ {1,4}([a-z][a-z-]*)\s', listing[1]):
            found |= options(re.split(
                r'xamples', e2e.stemma(name, sub, '--help').out)[0])
    return found


def options_of_page(page):
    """What a man page lists; what it says of other commands does not count."""
    text = (e2e.SOURCE / 'docs' / 'man' / page).read_text()
    text = re.sub(r'\\f[BIRP]', ' ', text.replace('\\-', '-'))
    text = re.sub(r'(stemma )?(capture|key create|import)(\s+--[a-z-]+)+', '',
                  text)
    return options(re.split(r'(?m)^\.SH EXAMPLES?', text)[0])


class Help(e2e.Test):

    def test_the_program_lists_its_commands(self):
        names = commands()
        for name in ('capture', 'extract', 'verify', 'trace', 'keyframes',
                     'hash', 'check', 'list', 'cat', 'reindex', 'config'):
            self.assertIn(name, names)

    def test_each_command_has_short_help_with_two_examples(self):
        for name in commands():
            with self.subTest(command=name):
                run = e2e.stemma(name, '--help')
                self.assertEqual(run.code, e2e.DONE, f'\n{run}')
                lines = run.out.rstrip('\n').splitlines()
                self.assertLess(len(lines), 24, run.out)
                self.assertLessEqual(max(map(len, lines)), 80, run.out)
                examples = re.findall(rf'(?m)^\s+.*\bstemma\b.*\b{name}\b',
                                      run.out.split('xamples')[-1])
                self.assertGreaterEqual(len(examples), 2, run.out)

    def test_each_command_has_a_man_page(self):
        for name in commands():
            page = e2e.SOURCE / 'docs' / 'man' / f'stemma-{name}.1'
            self.assertTrue(page.exists(), page.name)
            self.assertRegex(page.read_text(), r'\.SH EXAMPLES?')

    def test_help_and_man_page_list_the_same_options(self):
        common = options_of_page('stemma.1')
        for name in commands():
            with self.subTest(command=name):
                page = options_of_page(f'stemma-{name}.1')
                self.assertEqual((options_of_help(name) - common) - page,
                                 set(), 'only in --help')
                self.assertEqual((page - common) - options_of_help(name),
                                 set(), 'only in the man page')

    def test_completion_knows_commands_and_options(self):
        script = f"""
            PATH={e2e.program().rsplit('/', 1)[0]}:$PATH
            source {e2e.SOURCE}/configs/completion/stemma.bash
            COMP_WORDS=(stemma ex); COMP_CWORD=1; _stemma
            echo "${{COMPREPLY[@]}}"
            COMP_WORDS=(stemma export --rep); COMP_CWORD=2; _stemma
            echo "${{COMPREPLY[@]}}\""""
        done = subprocess.run(['bash', '-c', script], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.stdout.split('\n')[:2],
                         ['export extract', '--report'], done.stderr)

    def test_the_pages_name_every_command(self):
        page = (e2e.SOURCE / 'docs' / 'man' / 'stemma.1').read_text()
        for name in commands():
            self.assertRegex(page, rf'(?m)^{name}\t')

    def test_version(self):
        self.assertRegex(e2e.stemma('--version').out, r'^stemma \d+\.\d+\.\d+')

    def test_usage_errors_are_2_and_say_where_help_is(self):
        for args in ([], ['--no-such-option'], ['no-such-command'],
                     *([name, '--no-such-option'] for name in commands())):
            with self.subTest(args=args):
                run = e2e.stemma(*args)
                self.assertEqual(run.code, e2e.USAGE, f'\n{run}')
                self.assertEqual(run.out, '')
                self.assertIn('--help', run.err)

    def test_did_you_mean(self):
        for typed, meant in (('captrue', 'capture'), ('verfy', 'verify'),
                             ('keyframe', 'keyframes')):
            run = e2e.stemma(typed, 'x')
            self.assertEqual(run.code, e2e.USAGE)
            self.assertIn(f"did you mean '{meant}'", run.err)
        self.assertNotIn('did you mean', e2e.stemma('zzzzzzzz').err)

    def test_what_was_typed_cannot_drive_the_terminal(self):
        run = e2e.stemma('\x1b[31mred')
        self.assertNotIn('\x1b', run.err)

    def test_a_full_disk_behind_stdout_is_trouble(self):
        full = pathlib.Path('/dev/full')
        if not full.exists():
            self.skipTest('no /dev/full here')
        with full.open('w') as out:
            done = subprocess.run([e2e.program(), '--help'], stdout=out,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, e2e.TROUBLE)


if __name__ == '__main__':
    e2e.main()
