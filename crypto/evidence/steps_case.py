"""Steps 8 to 11 of a verification: statements and who signed them, the custody chain, manifests, documents."""

from crypto import canonical, suites
from crypto import manifest as manifests
from crypto.directory import Directory
from crypto.evidence import read
from crypto.evidence.report import Severity
from crypto.evidence.timeline import Timeline, envelope_of
from crypto.evidence.work import Spoken, Work
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, REGISTRY, STATEMENT_TYPE, Envelope, Statement, read_statement

STATEMENT_VERSION = 1
DOCUMENT_VERSION = 1


def statements(work: Work) -> None:
    """8. Each statement: form, case, and its signatures by keys valid at the leaf's registry position.

    Findings: STATEMENT_FORMAT, STATEMENT_VERSION, STATEMENT_TWICE, FOREIGN_STATEMENT, LEAF_VERSIONS, SIGNATURE_INVALID,
    SUITE_UNKNOWN, SIGNER_UNKNOWN, KEY_REVOKED, NODE_SIGNATURE_MISSING, PERSON_SIGNATURE_MISSING,
    PERSON_OF_OTHER_NODE, ROLE_MISSING, SECOND_PERSON_MISSING.
    """
    timeline = Timeline(work.pins.registrar_keys, work.registry.values(), verified=True)
    seen: set[str] = set()
    for index, leaf in sorted(work.leaves.items(), key=lambda item: (item[1].epoch, item[0])):
        where = read.leaf_name(index)
        directory = timeline.at(leaf.epoch)
        _versions(work, leaf, directory, where)
        spoken = _speak(work, leaf, where)
        if spoken is None:
            continue
        work.spoken.append(spoken)
        if spoken.envelope.digest in seen:
            work.found.add("STATEMENT_TWICE", where, spoken.envelope.digest)
        seen.add(spoken.envelope.digest)
        if spoken.statement.case != work.case:
            work.found.add("FOREIGN_STATEMENT", where, f"case={spoken.statement.case}")
        _signatures(work, spoken, directory, where)
    work.spoken.sort(key=lambda one: one.leaf.index)
    work.facts["statements"] = len(work.spoken)


def _speak(work: Work, leaf: Leaf, where: str) -> Spoken | None:
    try:
        envelope = envelope_of(leaf)
    except Refusal as refusal:
        work.found.refused(refusal, where, code="STATEMENT_FORMAT")
        return None
    try:
        return Spoken(leaf, envelope, read_statement(envelope.payload))
    except Refusal as refusal:
        newer = _other_version(envelope.payload)
        code = "STATEMENT_VERSION" if newer else "STATEMENT_FORMAT"
        work.found.refused(refusal, where, code=code, unknown=newer)
        return None


def _other_version(payload: bytes) -> bool:
    try:
        version = canonical.parse(payload).get("v")
    except Refusal:
        return False
    return type(version) is int and version != STATEMENT_VERSION


def _signatures(work: Work, spoken: Spoken, directory: Directory, where: str) -> None:
    statement, envelope = spoken.statement, spoken.envelope
    known: list[tuple[str, bytes]] = []
    for keyid, signature in envelope.signatures:
        one = Envelope(envelope.payload, ((keyid, signature),))
        try:
            check = directory.checks(one)[0]
            known.append((keyid, signature))
            suites.verify(check.suite, check.public, signature, one.signed_bytes)
            work.facts["signatures"] += 1
        except Refusal as refusal:
            unknown = keyid in work.unjudged
            work.found.refused(refusal, where, code="SUITE_UNKNOWN" if unknown else "", unknown=unknown)
    left = Envelope(envelope.payload, tuple(known), STATEMENT_TYPE)
    actor = statement.actor
    try:
        directory.signed_by_node(statement, left)
    except Refusal as refusal:
        work.found.refused(refusal, where, unknown=actor.node in work.unjudged)
    if actor.person is not None:
        try:
            directory.signed_by_person(statement, left)
            work.facts["person_signatures"] += 1
        except Refusal as refusal:
            unknown = bool({actor.person, actor.node} & work.unjudged)
            work.found.refused(refusal, where, unknown=unknown)
    try:
        work.facts["person_signatures"] += directory.signed_by_second(statement, left) is not None
    except Refusal as refusal:
        work.found.refused(refusal, where, unknown=str(statement.body.get("second_person")) in work.unjudged)


def _versions(work: Work, leaf: Leaf, directory: Directory, where: str) -> None:
    """The hub must name the newest versions published before the leaf, or none where none was."""
    for kind, named in (("catalogue", leaf.catalogue), ("calendar", leaf.calendar)):
        latest = directory.latest(kind)
        wanted = latest.version if latest else None
        if named != wanted:
            work.found.add("LEAF_VERSIONS", where, f"{kind}: named {named}, published {wanted}")


def chain(work: Work) -> None:
    """9. The custody chain: ``seq`` counts from 1, ``prev`` is the digest of the statement before; side statements hang
    on a custody statement that came before them.

    Findings: CHAIN_BROKEN, SIDE_CHAIN_LOOSE.
    """
    seq, head, heads = 0, None, set[str]()
    for spoken in work.spoken:
        statement, where = spoken.statement, read.leaf_name(spoken.leaf.index)
        if statement.case != work.case or statement.chain == REGISTRY:
            continue
        if statement.chain != CUSTODY:
            if statement.prev not in heads:
                work.found.add("SIDE_CHAIN_LOOSE", where, f"prev={statement.prev}")
            continue
        if statement.seq != seq + 1 or statement.prev != head:
            detail = f"expected seq={seq + 1} prev={head}, got seq={statement.seq} prev={statement.prev}"
            work.found.add("CHAIN_BROKEN", where, detail)
        seq, head = statement.seq or 0, spoken.envelope.digest
        heads.add(head)
    work.facts["custody_statements"] = len(heads)


def sealings(work: Work) -> None:
    """10. Manifests: every one that ``seal`` and ``issue`` name is here, is what its digest says, and of this case, or,
    for a child's ``seal`` that names its parent, of that parent (states.md 8, P1).

    Findings: MANIFEST_MISSING, MANIFEST_MISMATCH, MANIFEST_FORMAT, MANIFEST_VERSION, MANIFEST_FOREIGN,
    MANIFEST_SURPLUS, EXTRACT_MANIFESTS.
    """
    here = work.contents.manifests
    named = {_manifest_of(one.statement) for one in work.spoken} - {None}
    for digest in sorted(str(one) for one in named if one not in here):
        work.found.add("MANIFEST_MISSING", f"manifests/{digest[:64]}.json")
    for digest, data in here.items():
        where = f"manifests/{digest}.json"
        if digest not in named:
            work.found.add("MANIFEST_SURPLUS", where)
        if canonical.digest(data) != digest:
            work.found.add("MANIFEST_MISMATCH", where, f"digest={canonical.digest(data)}")
        _manifest(work, data, where, _parents(work, digest))
    if work.extract is not None and tuple(sorted(here)) != work.extract.manifests:
        work.found.add("EXTRACT_MANIFESTS", read.EXTRACT)
    work.facts["manifests"] = len(here)


def _manifest_of(statement: Statement) -> str | None:
    if statement.type not in manifests.SEALING_EVENTS:
        return None
    named = statement.body.get("manifest")
    return None if named is None and statement.type in manifests.SEALING_OPTIONAL else str(named)


def _parents(work: Work, digest: str) -> frozenset[str]:
    """Parent cases that a ``seal`` over this manifest names."""
    seals = (one.statement.body for one in work.spoken if one.statement.type == "seal")
    return frozenset(str(body["parent"]) for body in seals if body.get("manifest") == digest and "parent" in body)


def _manifest(work: Work, data: bytes, where: str, parents: frozenset[str]) -> None:
    try:
        made = manifests.read(data)
    except Refusal as refusal:
        value = _value(data)
        newer = value is not None and type(value.get("v")) is int and value["v"] != manifests.VERSION
        code = "MANIFEST_VERSION" if newer else "MANIFEST_FORMAT"
        work.found.refused(refusal, where, code=code, unknown=newer)
        return
    if made.case != work.case and made.case not in parents:
        work.found.add("MANIFEST_FOREIGN", where, f"case={made.case}")


def documents(work: Work) -> None:
    """11. Documents: catalogues and calendars that the leaves name are here and are the published ones; the law is the
    one that the extract names.

    Findings: CATALOGUE_MISSING, CATALOGUE_DIGEST, CATALOGUE_UNPUBLISHED, CALENDAR_… likewise, DOCUMENT_VERSION,
    RULES_MISSING, RULES_DIGEST, RULES_FORMAT, RULES_UNKNOWN.
    """
    here = work.contents.documents
    for kind, version in sorted(_named_documents(work) - set(here)):
        work.found.add(f"{kind.upper()}_MISSING", f"{kind}/{version[:80]}.json")
    for (kind, version), data in here.items():
        where = f"{kind}/{version}.json"
        try:
            published = work.directory.publication(kind, version).document
        except Refusal as refusal:
            work.found.refused(refusal, where, code=f"{kind.upper()}_UNPUBLISHED", unknown=bool(work.unjudged))
            continue
        if canonical.digest(data) != published:
            work.found.add(f"{kind.upper()}_DIGEST", where, f"published={published}")
        value = _value(data)
        if value is not None and value.get("v") != DOCUMENT_VERSION:
            work.found.add("DOCUMENT_VERSION", where, f"v={value.get('v')}", Severity.INDETERMINATE)
    work.facts["documents"] = len(here)
    _rules(work)


def _rules(work: Work) -> None:
    data = work.contents.entries.get(read.RULES)
    if data is None:
        work.found.add("RULES_MISSING", read.RULES)
        return
    if work.extract is not None and canonical.digest(data) != work.extract.rules:
        work.found.add("RULES_DIGEST", read.RULES, f"extract={work.extract.rules}")
    value = _value(data)
    if value is None:
        work.found.add("RULES_FORMAT", read.RULES)
        return
    for index, leaf in work.leaves.items():
        if leaf.rules != value.get("version"):
            work.found.add("RULES_UNKNOWN", read.leaf_name(index), f"rules={leaf.rules}", Severity.INDETERMINATE)


def _named_documents(work: Work) -> set[tuple[str, str]]:
    named = {("catalogue", leaf.catalogue) for leaf in work.leaves.values()}
    named |= {("calendar", leaf.calendar) for leaf in work.leaves.values()}
    for spoken in work.spoken:
        if spoken.statement.type == "seal":
            named.add(("catalogue", str(spoken.statement.body.get("catalogue"))))
    return {(kind, version) for kind, version in named if version is not None}


def _value(data: bytes) -> dict[str, object] | None:
    try:
        return canonical.parse(data)
    except Refusal:
        return None
