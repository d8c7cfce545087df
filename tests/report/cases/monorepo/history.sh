# Two packages with releases of their own, and hostile names: a path, a subject and a tag that would be markup or commands.
git config user.email person@example.com
mkdir -p web api
printf 'a\n' > web/a; printf 'a\n' > api/a
commit '2026-10-01T09:00:00Z' 'Start'
git tag web/v1.0.0
git tag api/v7.0.0
session 1 gpt-5.5 '2026-10-02 10:00' 'Show the totals' 'web/to|ta`ls <b>.js' <<'EOF'
export function totals(rows) {
  return rows.reduce((sum, row) => sum + row.amount, 0);
}
EOF
commit '2026-10-02T10:20:00Z' '<!-- ai-trail:end --> | `code` <img src=x onerror=alert(1)> @everyone fixes #1 ::error::x $(id)'
session 2 gpt-5.5 '2026-10-03 10:00' 'Serve the totals' api/totals.py <<'EOF'
def serve_totals(rows):
    return {"total": sum(row["amount"] for row in rows)}
EOF
commit '2026-10-03T10:20:00Z' 'Serve totals'
git tag 'web/v1.1.0'
git tag 'api/v7.1.0;$(id)'
ai backfill --all
