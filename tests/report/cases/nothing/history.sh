# Nobody used an agent; the report must not make anything of it.
git config user.email person@example.com
for n in 1 2 3; do
    printf 'line %s\n' "$n" >> file
    commit "2026-10-0${n}T09:00:00Z" "Add line $n"
done
git tag v0.1.0
