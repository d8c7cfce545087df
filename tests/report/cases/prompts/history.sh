# Policy and owner agree to publish redacted prompts; the prompts hold a token, an address and a home folder.
git config user.email person@example.com
mkdir -p "$HOME/.config/git-ai-trail"
printf '[consent]\npublish = "redacted"\n[prices."gpt-5.5"]\ninput = 1.25\noutput = 10\n' > "$HOME/.config/git-ai-trail/config.toml"
printf '[policy]\npublish = "redacted"\nrequire = ["record"]\n[report]\nmode = "prompts"\ntitle = "How agents helped with {name}"\n' > .git-ai-trail.toml
commit '2026-10-01T09:00:00Z' 'Start'
session 1 gpt-5.5 '2026-10-05 10:00' 'Log in with ghp_16C7e42F292c6912E7710c838347Ae178B4a and mail the result to jane.doe@corp-mail.net, the script is in /home/janedoe/tools' src/login.py <<'EOF'
import os
import client


def log_in(session=None):
    session = session or client.Session(timeout=30)
    session.headers["Authorization"] = "token " + os.environ["LOGIN_TOKEN"]
    return session
EOF
session 1 gpt-5.5 '2026-10-05 10:10' '# Heading
- list with `ticks`, ```fences``` and <b>markup</b> @someone #12
::error::not a command' src/mail.py <<'EOF'
import smtplib


def send_result(text, to):
    with smtplib.SMTP("localhost") as server:
        server.sendmail("robot@localhost", [to], text)
EOF
commit '2026-10-05T10:20:00Z' 'Log in and mail | the *result* to jane.doe@corp-mail.net'
ai ingest
ai backfill --all
git tag 2026.10
