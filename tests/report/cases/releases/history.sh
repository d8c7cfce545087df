# Three releases; the second one with records that messages vouch for (exact) and by backfill (unanchored), a person's commits, a merge.
git config user.email person@example.com
printf '# Fetcher\n\nDownloads things.\n' > README.md
commit '2026-10-01T09:00:00Z' 'Start'
git tag v1.0.0

session 1 gpt-5.5 '2026-10-05 10:00' 'fetch() gives up on the first timeout; make it retry' src/fetch.py <<'EOF'
"""Downloads."""

import time
import urllib.request


def fetch(url, attempts=4):
    for attempt in range(attempts):
        try:
            return urllib.request.urlopen(url, timeout=10).read()
        except TimeoutError:
            if attempt + 1 == attempts:
                raise
            time.sleep(0.5 * 2**attempt)
EOF
printf '\n# Ask the operators before raising this.\n' >> src/fetch.py
commit '2026-10-05T10:20:00Z' 'Retry fetches that time out'
vouch Codex:gpt-5.5
session 2 gpt-6-astra '2026-10-06 11:00' 'Write a test for the retries of fetch' tests/test_fetch.py <<'EOF'
from fetch import fetch


def test_fetch_tries_again_after_a_timeout(slow_server):
    assert fetch(slow_server.url) == b"late, but here"
    assert slow_server.requests == 3
EOF
commit '2026-10-06T11:10:00Z' 'Test the retries'
printf 'Licence: MIT\n' >> README.md
WHO='B. Other' commit '2026-10-07T08:00:00Z' 'State the licence'
git switch -q -c topic HEAD~1
printf 'one line more\n' > NOTES
commit '2026-10-07T09:00:00Z' 'Keep notes'
git switch -q main
GIT_AUTHOR_DATE='2026-10-07T10:00:00Z' GIT_COMMITTER_DATE='2026-10-07T10:00:00Z' git merge -q --no-ff -m "Merge branch 'topic'" topic
git tag v1.1.0-rc.1
session 2 gpt-6-astra '2026-10-08 12:00' 'Now a command line for it' src/cli.py <<'EOF'
import argparse
from fetch import fetch


def main():
    parser = argparse.ArgumentParser(description="Downloads things, patiently.")
    parser.add_argument("url", help="what to download")
    print(len(fetch(parser.parse_args().url)))
EOF
commit '2026-10-08T12:30:00Z' 'Add a command line'
ai ingest
ai backfill --all
git tag v1.1.0
printf 'The end.\n' >> README.md
commit '2026-10-09T09:00:00Z' 'Say goodbye'
git tag v1.2.0
