"""Which rules hold for what is stored: for each log those of the repositories that its session names, wherever it names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from git_ai_trail import places
from git_ai_trail.pipeline.repository_rules import NONE, Scope, UnusableRulesError
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.store.protocol import FileState, Store


class InForce:
    """The rules for stored logs, `states` by path, as they are now. `folder_of` tells where a session worked, as the store has it.

    All logs of one session have the rules of all repositories that any of them names.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        redactors: Redactors,
        states: Mapping[str, FileState],
        folder_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self.redactors = redactors
        self.states = states
        self._env = env
        self._folder_of = folder_of
        self._ruled: dict[str, Scope | None] = {}
        self._began: dict[str, Scope] = {}
        self._logs: dict[str, dict[str, Scope]] = {}  # of sessions of repositories with rules, by path
        self.anywhere = False  # whether any repository's rules hold for anything stored
        for state in states.values():
            scope = self._of_log(state)
            if not scope:
                continue
            self.anywhere = True
            if state.session_id:
                self._logs.setdefault(state.session_id, {})[state.path] = scope

    @property
    def scopes(self) -> Mapping[str, Scope]:
        """The work trees whose rules hold for a session, of those for which there are some."""
        return {session: _united(logs.values()) for session, logs in self._logs.items()}

    def scope(self, state: FileState) -> Scope:
        """The work trees whose rules hold for a log."""
        if not self.anywhere:
            return NONE
        return _united((self._of_log(state), self.others(state)))

    def others(self, state: FileState) -> Scope:
        """Those of them that other logs of its session name."""
        logs = self._logs.get(state.session_id)
        return _united(scope for path, scope in logs.items() if path != state.path) if logs else NONE

    def digest(self, state: FileState) -> str:
        """What a log of this session must be redacted under; `UnusableRulesError` where nobody can say."""
        return self.redactors.digest(self.scope(state))

    def is_known(self, state: FileState) -> bool:
        """Whether the folders that a log names were noted when it was read, under the key of now."""
        return self._noted(state.folders) is not None

    def is_current(self, state: FileState) -> bool:
        """Whether a log was redacted under the rules that hold for it now; not so where these cannot be used."""
        try:
            return state.ruleset_digest == self.digest(state)
        except UnusableRulesError:
            return False

    def problems(self) -> tuple[str, ...]:
        """What is wrong with rule files of repositories that sessions in the store are of."""
        found: dict[str, None] = {}
        for scope in dict.fromkeys(self.scopes.values()):
            try:
                self.redactors.digest(scope)
            except UnusableRulesError as error:
                found[error.message] = None
        return tuple(found)

    def _of_log(self, state: FileState) -> Scope:
        noted = self._noted(state.folders)
        if noted is not None or not state.session_id:
            return noted or NONE
        # Read by a version that did not note them: what is known is where the session began, redacted.
        if state.session_id not in self._began:
            folder = places.expanded(self._folder_of(state.session_id), self._env)
            self._began[state.session_id] = self._of_folders((folder,))
        return self._began[state.session_id]

    def _noted(self, folders: str) -> Scope | None:
        if folders not in self._ruled:
            opened = self.redactors.repositories.opened(folders) if folders else None
            self._ruled[folders] = None if opened is None else self._of_folders(opened)
        return self._ruled[folders]

    def _of_folders(self, folders: Iterable[str]) -> Scope:
        repositories = self.redactors.repositories
        roots = [root for folder in folders for root in repositories.roots(folder)]
        return repositories.ruled(roots) if roots else NONE


def _united(scopes: Iterable[Scope]) -> Scope:
    return tuple(sorted({root for scope in scopes for root in scope}))


def in_force(env: Mapping[str, str], store: Store) -> InForce:
    """The rules that hold now for what is in the store."""

    def folder_of(session: str) -> str:
        found = store.find((session,)).get(session)
        return found.cwd if found is not None else ""

    redactors = Redactors(env, store.manual(), store.repository_rules())
    return InForce(env, redactors, store.file_states(), folder_of)
