"""An in-toto Statement about the records of a range: what stood where when it was made. Types, JSON and JSON Schema.

The form is in-toto Statement v1; the predicate is ours and described in docs/attestation.schema.json. Who made a statement, its
envelope's signature says, which other tools make and check (`actions/attest`, `gh attestation verify`, cosign).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec

from git_ai_trail.errors import TrailError
from git_ai_trail.report.document import CommitFact, Lines, Policy, Report
from git_ai_trail.report.sums import counted, whole

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "urn:git-ai-trail:attestation:1"
_ENVELOPE = "application/vnd.in-toto+json"
MAX_BYTES = 64 * 1024 * 1024
_HINT = "give what `git ai-trail attest` wrote, or the bundle that was made of it"

_Oid = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{40}([0-9a-f]{24})?\Z")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Word = Annotated[str, msgspec.Meta(max_length=200)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What was known of one commit. `record` is the digest of the record that counts, or of the one that is named; else empty."""

    oid: _Oid
    status: _Word
    record: Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
    added: _Count
    generated: _Count
    edited: _Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The commits that it is about: those that `tip` reaches and `base` does not; an empty base is the beginning."""

    name: _Word
    base: Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{40}([0-9a-f]{24})?)?\Z")]
    tip: _Oid


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the commits, as the report has them."""

    commits: _Count
    with_evidence: _Count
    claims: _Count
    unknown: _Count
    lines: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """Our part of the statement. `report_sha256` is that of the report as JSON, `mode` how much that report says."""

    tool: _Word
    span: Span
    policy: Policy
    totals: Totals
    mode: _Word
    report_sha256: _Sha256
    commits: tuple[Attested, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectOf:
    """What a statement is about, by digest."""

    name: Annotated[str, msgspec.Meta(max_length=1000)]
    digest: Mapping[str, str]


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    """In-toto Statement v1 with our predicate."""

    type: Literal["https://in-toto.io/Statement/v1"] = STATEMENT
    subject: tuple[SubjectOf, ...]
    predicate_type: Literal["urn:git-ai-trail:attestation:1"] = PREDICATE
    predicate: Predicate


def statement(report: Report, *, report_name: str, report_sha256: str) -> Statement:
    """The statement about what `report` reports on, whose JSON has that digest and is called `report_name`."""
    subject, totals = report.subject, report.totals
    tag = f"refs/tags/{subject.tag}" if subject.tag else subject.name
    return Statement(
        subject=(
            SubjectOf(name=report_name, digest={"sha256": report_sha256}),
            SubjectOf(name=tag[:1000], digest={"gitCommit": subject.tip_oid}),
        ),
        predicate=Predicate(
            tool=report.tool,
            span=Span(name=subject.name[:200], base=subject.base_oid, tip=subject.tip_oid),
            policy=report.policy,
            totals=Totals(
                commits=totals.commits,
                with_evidence=totals.with_evidence,
                claims=totals.claims,
                unknown=totals.unknown,
                lines=whole(totals.lines, totals.apart),
            ),
            mode=report.mode,
            report_sha256=report_sha256,
            commits=tuple(attested(one) for one in counted(report.commits)),
        ),
    )


def attested(one: CommitFact) -> Attested:
    """What a statement says of a commit: all its lines, so that nobody needs the policy to check them."""
    lines = whole(one.lines, one.apart)
    return Attested(
        oid=one.oid,
        status=one.status,
        record=one.digest,
        added=lines.added,
        generated=lines.generated,
        edited=lines.edited,
    )


def to_json(value: Statement | Predicate) -> str:
    """Indented JSON, one line feed at the end."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise TrailError(
            "a name of the range is not UTF-8, which a statement cannot hold", "name it by its oid"
        ) from error
    text = msgspec.json.format(encoded, indent=2).decode()
    return text.replace("##[", "##\\u005b") + "\n"


def read(data: bytes) -> Statement:
    """The statement in a file: as it is, in a DSSE envelope, in a Sigstore bundle, or in JSON lines of these.

    No signature is checked. Raises `TrailError` for anything else, and for a statement of another kind.
    """
    if len(data) > MAX_BYTES:
        raise TrailError(f"the attestation is larger than {MAX_BYTES >> 20} MiB", _HINT)
    wrong = "it holds no JSON"
    for candidate in _candidates(data):
        try:
            return msgspec.json.decode(candidate, type=Statement)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            wrong = str(error)
    raise TrailError(f"not an attestation of ours: {wrong}"[:300], _HINT)


def _candidates(data: bytes) -> Iterator[bytes]:
    """Every statement in the file that may be ours."""
    whole = _decoded(data)
    values = [(whole, data)] if whole is not None else [(_decoded(line), line) for line in data.split(b"\n")[:1000]]
    for value, raw in values:
        if not isinstance(value, dict):
            continue
        envelope = value.get("dsseEnvelope", value)
        if not isinstance(envelope, dict) or "payload" not in envelope:
            yield raw
            continue
        if envelope.get("payloadType") == _ENVELOPE and isinstance(envelope["payload"], str):
            try:
                yield base64.b64decode(envelope["payload"], validate=True)
            except (binascii.Error, ValueError):
                continue


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a statement."""
    found = msgspec.json.schema(Statement)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": PREDICATE,
        "description": "What `git ai-trail attest` prints: an in-toto Statement v1 whose predicate is described here.",
    }
    whole: dict[str, Any] = json.loads(json.dumps({**head, **found}))
    return whole
