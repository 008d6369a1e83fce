"""Steps 1 to 3, 6 and 7 of a verification: container, checkpoint, leaves, completeness, order."""

from collections.abc import Mapping

from crypto import canonical
from crypto.evidence import read
from crypto.evidence.report import Severity
from crypto.evidence.work import Work
from crypto.log import checkpoint, cosignature, merkle, note, proof
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal


def container(work: Work) -> None:
    """1. Container and ``package.json``.

    Findings: those of ``container.read``; PACKAGE_MISSING, PACKAGE_FORMAT, PACKAGE_VERSION, PACKAGE_LIST.
    """
    work.found.extend(work.contents.problems)
    data = work.contents.entries.get(read.PACKAGE)
    if data is None:
        work.found.add("PACKAGE_MISSING", read.PACKAGE)
        return
    try:
        value = canonical.parse(data)
    except Refusal as refusal:
        work.found.refused(refusal, read.PACKAGE, code="PACKAGE_FORMAT")
        return
    if value.get("v") != read.VERSION:
        work.found.add("PACKAGE_VERSION", read.PACKAGE, f"v={value.get('v')}", Severity.INDETERMINATE)
        return
    work.case, work.stated_size = str(value.get("case")), value.get("tree_size")
    contents = work.contents
    versions: dict[str, list[str]] = {"catalogue": [], "calendar": []}
    for kind, version in sorted(contents.documents):
        versions[kind].append(version)
    for name, found in (
        ("leaves", list(contents.leaves)),
        ("registry", list(contents.registry)),
        ("versions", versions),
    ):
        if value.get(name) != found:
            work.found.add("PACKAGE_LIST", read.PACKAGE, name)
    if set(value) != {"v", "case", "tree_size", "leaves", "registry", "versions"}:
        work.found.add("PACKAGE_FORMAT", read.PACKAGE, "members")


def head(work: Work) -> None:
    """2. The checkpoint: every pinned log key signed it, its origin is the pinned one, enough witnesses cosigned.

    Findings: CHECKPOINT_MISSING, CHECKPOINT_MALFORMED, CHECKPOINT_SIGNATURE, CHECKPOINT_ORIGIN, WITNESS_SIGNATURE,
    WITNESSES_MISSING. An unverified checkpoint is still read, so that the later steps say what else is wrong.
    """
    signed = work.contents.entries.get(read.CHECKPOINT)
    if signed is None:
        work.found.add("CHECKPOINT_MISSING", read.CHECKPOINT)
        return
    try:
        work.head = checkpoint.parse_text(note.parse(signed)[0])
    except Refusal as refusal:
        work.found.refused(refusal, read.CHECKPOINT, code="CHECKPOINT_MALFORMED")
        return
    work.facts["tree_size"] = work.head.size
    if work.stated_size is not None and work.stated_size != work.head.size:
        work.found.add("PACKAGE_LIST", read.PACKAGE, "tree_size")
    if work.head.origin != work.pins.origin:
        work.found.add("CHECKPOINT_ORIGIN", read.CHECKPOINT, f"pinned={work.pins.origin}")
    try:
        checkpoint.verify_checkpoint(signed, work.pins.log_verifiers())
        work.facts["log_signatures"] = len(work.pins.log_keys)
    except Refusal as refusal:
        work.found.refused(refusal, read.CHECKPOINT, code="CHECKPOINT_SIGNATURE")
    _witnesses(work, signed)


def _witnesses(work: Work, signed: bytes) -> None:
    needed = work.pins.witnesses_needed
    if not work.pins.witness_keys:
        return
    try:
        seen = cosignature.witnessed(signed, work.pins.witnesses(), max(needed, 1))
    except Refusal as refusal:
        work.found.refused(refusal, read.CHECKPOINT, code="WITNESS_SIGNATURE")
        return
    work.facts["witnesses"] = len(seen.witnesses)
    if len(seen.witnesses) < needed:
        detail = f"{len(seen.witnesses)} of {needed}"
        work.found.add("WITNESSES_MISSING", read.CHECKPOINT, detail, Severity.INDETERMINATE)


def every_leaf(work: Work) -> None:
    """3. Every leaf: canonical form, its own index and log, its hash under the checkpoint by its proof.

    Findings: LEAF_FORMAT, LEAF_VERSION, LEAF_INDEX, LEAF_ORIGIN, LEAF_TWICE, LEAF_NOT_INCLUDED, PROOF_MISSING,
    PROOF_FORMAT, PROOF_CHECKPOINT, PROOF_SURPLUS.
    """
    contents = work.contents
    for registry in (False, True):
        raw = contents.registry if registry else contents.leaves
        kept = work.registry if registry else work.leaves
        for index, data in raw.items():
            where = read.leaf_name(index, registry)
            made = _leaf(work, index, data, where)
            if made is not None:
                kept[index] = made
            _inclusion(work, index, data, where)
    for index in sorted(set(contents.leaves) & set(contents.registry)):
        work.found.add("LEAF_TWICE", read.leaf_name(index))
    for index in sorted(set(contents.proofs) - set(contents.leaves) - set(contents.registry)):
        work.found.add("PROOF_SURPLUS", read.proof_name(index))
    work.facts["case_leaves"] = len(contents.leaves)
    work.facts["registry_leaves"] = len(contents.registry)


def _leaf(work: Work, index: int, data: bytes, where: str) -> Leaf | None:
    try:
        made = leaves.decode(data)
    except Refusal as refusal:
        if _other_version(data):
            work.found.add("LEAF_VERSION", where, str(refusal), Severity.INDETERMINATE)
        else:
            work.found.refused(refusal, where, code="LEAF_FORMAT")
        return None
    if made.index != index:
        work.found.add("LEAF_INDEX", where, f"index={made.index}")
    if made.origin != work.pins.origin:
        work.found.add("LEAF_ORIGIN", where, f"pinned={work.pins.origin}")
    return made


def _other_version(data: bytes) -> bool:
    try:
        value: Mapping[str, object] = canonical.parse(data)
    except Refusal:
        return False
    return type(value.get("v")) is int and value["v"] != leaves.VERSION


def _inclusion(work: Work, index: int, data: bytes, where: str) -> None:
    raw = work.contents.proofs.get(index)
    if raw is None:
        work.found.add("PROOF_MISSING", read.proof_name(index))
        return
    try:
        made = proof.parse(raw)
    except Refusal as refusal:
        work.found.refused(refusal, read.proof_name(index), code="PROOF_FORMAT")
        return
    if made.checkpoint != work.contents.entries.get(read.CHECKPOINT) or made.extra is not None:
        work.found.add("PROOF_CHECKPOINT", read.proof_name(index), "another checkpoint or extra data")
    if made.index != index:
        work.found.add("PROOF_FORMAT", read.proof_name(index), f"index={made.index}")
    if work.head is None:
        return
    try:
        merkle.verify_inclusion(merkle.leaf_hash(data), index, work.head.size, made.path, work.head.root)
        work.facts["proofs"] += 1
    except Refusal as refusal:
        work.found.refused(refusal, where, code="LEAF_NOT_INCLUDED")


def complete(work: Work) -> None:
    """6. Completeness: the leaves that the extract names, and all of the case by the log's own count.

    Findings: EXTRACT_TRUNCATED, EXTRACT_SURPLUS, CASE_LEAF_MISSING, CASE_LEAF_TWICE, EPOCH_AHEAD.
    """
    if work.extract is not None:
        here = set(work.contents.leaves)
        for index in sorted(set(work.extract.indexes) - here):
            work.found.add("EXTRACT_TRUNCATED", read.leaf_name(index), "named in the extract, not in the package")
        for index in sorted(here - set(work.extract.indexes)):
            work.found.add("EXTRACT_SURPLUS", read.leaf_name(index), "not named in the extract")
    if not work.contents.leaves:
        work.found.add("CASE_LEAF_MISSING", "leaves/", "no leaf of the case")
    counted: set[int] = set()
    for index, leaf in work.leaves.items():
        if leaf.case_seq is None or leaf.case_seq in counted:
            work.found.add("CASE_LEAF_TWICE", read.leaf_name(index), f"case_seq={leaf.case_seq}")
        else:
            counted.add(leaf.case_seq)
        if leaf.epoch > work.epoch:
            detail = f"epoch={leaf.epoch} registry={work.epoch}"
            work.found.add("EPOCH_AHEAD", read.leaf_name(index), detail)
    top = max(counted, default=0)
    # Numbers are listed only up to the count of leaves: a forged huge number makes one finding, not millions.
    missing = [number for number in range(1, min(top, len(counted) + 1000) + 1) if number not in counted]
    for number in missing[:1000]:
        work.found.add("CASE_LEAF_MISSING", "leaves/", f"case_seq={number}")


def order(work: Work) -> None:
    """7. Order: numbers of the case, legal time and registry positions all rise with the index.

    Findings: CASE_ORDER, TIME_ORDER, EPOCH_ORDER.
    """
    place = {leaf.epoch: index for index, leaf in work.registry.items()}
    number, epoch, recorded_at = 0, 0, ""
    for index, leaf in sorted({**work.registry, **work.leaves}.items()):
        where = read.leaf_name(index, registry=index not in work.leaves)
        if leaf.recorded_at < recorded_at:
            work.found.add("TIME_ORDER", where, f"{leaf.recorded_at} after {recorded_at}")
        recorded_at = max(recorded_at, leaf.recorded_at)
        before, after = place.get(leaf.epoch), place.get(leaf.epoch + 1)
        misplaced = (before is not None and before > index) or (after is not None and after < index)
        if leaf.epoch < epoch or misplaced:
            work.found.add("EPOCH_ORDER", where, f"epoch={leaf.epoch}")
        epoch = max(epoch, leaf.epoch)
        if index in work.leaves and leaf.case_seq is not None:
            if leaf.case_seq < number:
                work.found.add("CASE_ORDER", where, f"case_seq={leaf.case_seq}")
            number = max(number, leaf.case_seq)
