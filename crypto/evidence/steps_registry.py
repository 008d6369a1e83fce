"""Steps 4 and 5 of a verification: the registry replayed, and the hub's signature under the extract."""

from crypto import suites
from crypto.evidence import read
from crypto.evidence.extract import read_extract
from crypto.evidence.report import UNKNOWN_CODES
from crypto.evidence.timeline import Timeline, envelope_of
from crypto.evidence.work import Work
from crypto.keyid import key_id
from crypto.log.leaf import Leaf
from crypto.records import read_public
from crypto.refusal import Refusal
from crypto.statement import EXTRACT_TYPE, Envelope, Statement, read_envelope, read_statement


def registry(work: Work) -> None:
    """4. The registry: epochs 1 to E without gap, each leaf admitted by ``crypto.directory`` at its place.

    Findings: REGISTRY_GAP, REGISTRY_TWICE, REGISTRY_CASE; and the codes of ``Directory.admit`` (registrar's signature,
    possession, signatures, heads, versions).
    """
    seen: set[int] = set()
    for index, leaf in work.registry.items():
        if leaf.epoch in seen:
            work.found.add("REGISTRY_TWICE", read.leaf_name(index, True), f"epoch={leaf.epoch}")
        seen.add(leaf.epoch)
        if leaf.case_seq is not None:
            work.found.add("REGISTRY_CASE", read.leaf_name(index, True), f"case_seq={leaf.case_seq}")
    last = min(max(seen, default=0), len(seen) + 1000)
    for epoch in range(1, last + 1):
        if epoch not in seen:
            work.found.add("REGISTRY_GAP", "registry/", f"epoch={epoch}")
    if not seen:
        work.found.add("REGISTRY_GAP", "registry/", "no registry leaf")
    timeline = Timeline(work.pins.registrar_keys, work.registry.values())
    work.directory = timeline.at(work.epoch)
    work.facts["registry_admitted"] = len(work.registry) - len(timeline.refused)
    for leaf, refusal in timeline.refused:
        work.found.refused(refusal, read.leaf_name(leaf.index, True), unknown=_unjudged(work, leaf, refusal))


def _unjudged(work: Work, leaf: Leaf, refusal: Refusal) -> bool:
    """Whether a refused registry leaf rests on a suite that is not known here; if so, what it names does too."""
    try:
        envelope = envelope_of(leaf)
        statement = read_statement(envelope.payload)
    except Refusal:
        return False
    body = statement.body
    named = {str(body.get("subject")), str(body.get("node")), str(body.get("person")), statement.actor.node}
    named |= {keyid for keyid, _ in envelope.signatures} | {str(statement.actor.person)}
    if refusal.code not in UNKNOWN_CODES and not named & work.unjudged:
        return False
    if statement.type == "key.register":
        work.unjudged |= {str(body.get("subject")), *_key_ids(statement)}
    return True


def _key_ids(statement: Statement) -> set[str]:
    keys = statement.body.get("keys")
    made: set[str] = set()
    for value in keys.values() if isinstance(keys, dict) else ():
        try:
            public = read_public(value)
        except Refusal:  # the record was refused already
            continue
        made.add(key_id(public.suite, public.public))
    return made


def extract(work: Work) -> None:
    """5. The extract: signed by a key that the registry gives to a node with the role ``hub``, and true to the package.

    Findings: EXTRACT_MISSING, EXTRACT_FORMAT, EXTRACT_VERSION, EXTRACT_SIGNATURE, EXTRACT_CASE, EXTRACT_TREE_SIZE,
    REGISTRY_GAP (fewer registry leaves than the extract names), EXTRACT_EPOCH (more).
    """
    data = work.contents.entries.get(read.EXTRACT)
    if data is None:
        work.found.add("EXTRACT_MISSING", read.EXTRACT)
        return
    try:
        envelope = read_envelope(data, EXTRACT_TYPE)
        made = read_extract(envelope.payload)
    except Refusal as refusal:
        newer = refusal.code == "EXTRACT_VERSION"
        code = refusal.code if newer else "EXTRACT_FORMAT"
        work.found.refused(refusal, read.EXTRACT, code=code, unknown=newer)
        return
    work.extract = made
    _signature(work, envelope)
    if work.case and work.case != made.case:
        work.found.add("EXTRACT_CASE", read.PACKAGE, f"extract names {made.case}")
    work.case = made.case
    if work.head is not None and made.tree_size != work.head.size:
        detail = f"extract={made.tree_size} checkpoint={work.head.size}"
        work.found.add("EXTRACT_TREE_SIZE", read.EXTRACT, detail)
    for epoch in range(work.epoch + 1, min(made.epoch, work.epoch + 1000) + 1):
        work.found.add("REGISTRY_GAP", "registry/", f"epoch={epoch}")
    if made.epoch < work.epoch:
        work.found.add("EXTRACT_EPOCH", read.EXTRACT, f"extract={made.epoch} registry={work.epoch}")


def _signature(work: Work, envelope: Envelope) -> None:
    by_hub = False
    for keyid, signature in envelope.signatures:
        unknown = keyid in work.unjudged
        try:
            entry = work.directory.entry(keyid)
            if entry.purpose != "sign" or entry.record.kind != "node" or "hub" not in entry.record.roles:
                raise Refusal("ROLE_MISSING", "architecture: evidence package", role="hub", key=keyid)
            suites.verify(entry.key.suite, entry.key.public, signature, envelope.signed_bytes)
            by_hub = True
        except Refusal as refusal:
            work.found.refused(refusal, read.EXTRACT, code="EXTRACT_SIGNATURE", unknown=unknown)
    if by_hub:
        work.facts["extract_signatures"] = 1
