"""Named attacks on copies of an evidence package, for the demo and for tests.

Invariants:
- the attacker has the package and keys of his own, never a key of hub, log, registrar, node or person;
- everything that needs no key is made consistent again: file names, tables of contents, zip; where an attack calls for
  it also payload digests, key ids, the Merkle tree, its root and all proofs;
- each attack has one code that it must yield among the findings, and no two share one; the verdict is INVALID.

``apply`` raises Refusal ATTACK_IMPOSSIBLE when the package holds no case that went through decision and issue.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto import canonical
from crypto.evidence import container, read
from crypto.keystore import SoftwareSigner, new_signer
from crypto.log import checkpoint, merkle, note
from crypto.log.proof import Proof
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import EXTRACT_TYPE, STATEMENT_TYPE, sign

RULE = "promise 4: nobody has to trust the hub"


@dataclass(frozen=True)
class Attack:
    """``name``: stable, English; ``chinese``: what is tried; ``expected_code``: what the verifier must answer."""

    name: str
    chinese: str
    expected_code: str
    apply: Callable[[bytes], bytes]


class Copy:
    """A package taken apart, to be changed and packed again."""

    def __init__(self, package: bytes) -> None:
        contents = read.read(package)
        self.entries = dict(contents.entries)
        self.leaves = {index: json.loads(data) for index, data in contents.leaves.items()}
        self.registry = {index: json.loads(data) for index, data in contents.registry.items()}

    def find(self, event: str, registry: bool = False) -> int:
        """Index of the last leaf with this event. Refusal ATTACK_IMPOSSIBLE."""
        held = self.registry if registry else self.leaves
        for index in sorted(held, reverse=True):
            if statement_of(held[index])["type"] == event:
                return index
        raise Refusal("ATTACK_IMPOSSIBLE", RULE, event=event)

    def record_of(self, subject: str) -> int:
        """Index of the last key record of a node or person. Refusal ATTACK_IMPOSSIBLE."""
        for index in sorted(self.registry, reverse=True):
            statement = statement_of(self.registry[index])
            if statement["type"] == "key.register" and statement["body"]["subject"] == subject:
                return index
        raise Refusal("ATTACK_IMPOSSIBLE", RULE, subject=subject)

    def key_of(self, subject: str) -> str:
        """Id of a subject's signing key."""
        key = statement_of(self.registry[self.record_of(subject)])["body"]["keys"]["sign"]
        return PublicKey(key["suite"], base64.b64decode(key["public"])).id

    def drop(self, index: int) -> None:
        """Take a leaf and its proof away."""
        self.leaves.pop(index, None)
        self.registry.pop(index, None)
        self.entries.pop(read.proof_name(index))

    def pack(self) -> bytes:
        """The package again: leaves written, table of contents made anew."""
        kept = {name: data for name, data in self.entries.items() if not name.startswith(("leaves/", "registry/"))}
        for registry, held in ((False, self.leaves), (True, self.registry)):
            kept |= {read.leaf_name(index, registry): canonical.encode(leaf) for index, leaf in held.items()}
        table = json.loads(kept[read.PACKAGE])
        table |= {"leaves": sorted(self.leaves), "registry": sorted(self.registry)}
        kept[read.PACKAGE] = canonical.encode(table)
        return container.write(kept)


def statement_of(leaf: dict[str, Any]) -> dict[str, Any]:
    """The statement in a leaf, as plain values."""
    value: dict[str, Any] = json.loads(base64.b64decode(leaf["envelope"]["payload"]))
    return value


def _put_statement(leaf: dict[str, Any], statement: dict[str, Any]) -> None:
    leaf["envelope"]["payload"] = base64.b64encode(canonical.encode(statement)).decode()


def _strip(leaf: dict[str, Any], keyid: str) -> None:
    kept = [one for one in leaf["envelope"]["signatures"] if one["keyid"] != keyid]
    leaf["envelope"]["signatures"] = kept


def _sign_as(leaf: dict[str, Any], old_key: str, signer: SoftwareSigner) -> None:
    """The signature of ``old_key`` replaced by the attacker's over the same payload."""
    payload = base64.b64decode(leaf["envelope"]["payload"])
    made: Any = sign(payload, [signer], STATEMENT_TYPE).as_object()["signatures"]
    signatures = leaf["envelope"]["signatures"]
    leaf["envelope"]["signatures"] = [made[0] if one["keyid"] == old_key else one for one in signatures]


# --- the attacks ---------------------------------------------------------------------------------------------------


def flip_decision(package: bytes) -> bytes:
    """A grant becomes a refusal, or the other way round, with reasons as the law wants them."""
    copy = Copy(package)
    leaf = copy.leaves[copy.find("decide")]
    statement = statement_of(leaf)
    granted = statement["body"]["outcome"] == "GRANT"
    statement["body"] |= {"outcome": "REFUSE" if granted else "GRANT", "reasons": "0" * 64, "appeal": "0" * 64}
    _put_statement(leaf, statement)
    return copy.pack()


def remove_from_middle(package: bytes) -> bytes:
    """The countersignature of the receiver disappears."""
    copy = Copy(package)
    copy.drop(copy.find("delivered"))
    return copy.pack()


def cut_tail(package: bytes) -> bytes:
    """The last two leaves disappear; what is left is a case that looks unfinished."""
    copy = Copy(package)
    for index in sorted(copy.leaves)[-2:]:
        copy.drop(index)
    return copy.pack()


def swap_statements(package: bytes) -> bytes:
    """Acceptance and decision change places."""
    copy = Copy(package)
    one, other = copy.leaves[copy.find("accept")], copy.leaves[copy.find("decide")]
    one["envelope"], other["envelope"] = other["envelope"], one["envelope"]
    return copy.pack()


def strip_person(package: bytes) -> bytes:
    """The decision without the decider's signature."""
    copy = Copy(package)
    leaf = copy.leaves[copy.find("decide")]
    _strip(leaf, copy.key_of(statement_of(leaf)["actor"]["person"]))
    return copy.pack()


def strip_node(package: bytes) -> bytes:
    """The acceptance without the authority's signature."""
    copy = Copy(package)
    leaf = copy.leaves[copy.find("accept")]
    _strip(leaf, copy.key_of(statement_of(leaf)["actor"]["node"]))
    return copy.pack()


def slip_in_foreign(package: bytes) -> bytes:
    """The decision of another case in the place of this one's."""
    copy = Copy(package)
    leaf = copy.leaves[copy.find("decide")]
    statement = statement_of(leaf)
    statement["case"] = hashlib.sha256(statement["case"].encode()).hexdigest()[:32]
    _put_statement(leaf, statement)
    return copy.pack()


def move_time(package: bytes) -> bytes:
    """The legal time of the decision is one hour earlier: a missed limit looks kept."""
    copy = Copy(package)
    _move_time(copy)
    return copy.pack()


def _move_time(copy: Copy) -> None:
    leaf = copy.leaves[copy.find("decide")]
    before = canonical.time_value(leaf["recorded_at"])
    leaf["recorded_at"] = canonical.time_text(before.replace(hour=(before.hour - 1) % 24))


def replace_department_key(package: bytes) -> bytes:
    """The department's key record holds the attacker's key; he signs the record and all its statements anew."""
    copy = Copy(package)
    department = statement_of(copy.leaves[copy.find("delivered")])["actor"]["node"]
    old_key, attacker = copy.key_of(department), new_signer()
    record = copy.registry[copy.record_of(department)]
    statement = statement_of(record)
    statement["body"]["keys"]["sign"] = PublicKey(attacker.suite, attacker.public).as_object()
    _put_statement(record, statement)
    record["envelope"] = sign(canonical.encode(statement), [attacker], STATEMENT_TYPE).as_object()
    for leaf in (*copy.leaves.values(), *copy.registry.values()):
        _sign_as(leaf, old_key, attacker)
    return copy.pack()


def withhold_registry(package: bytes) -> bytes:
    """A revocation is withheld; where there is none, the newest registry leaf."""
    copy = Copy(package)
    revocations = [index for index, leaf in copy.registry.items() if statement_of(leaf)["type"].endswith(".revoke")]
    copy.drop(max(revocations or copy.registry))
    return copy.pack()


def own_log_key(package: bytes) -> bytes:
    """A moved time in a rebuilt tree: all proofs fit, under a checkpoint that the attacker signed himself."""
    copy = Copy(package)
    _move_time(copy)
    old = checkpoint.parse_text(note.parse(copy.entries[read.CHECKPOINT])[0])
    hashes = [hashlib.sha256(b"unknown leaf %d" % index).digest() for index in range(old.size)]
    held = {**copy.leaves, **copy.registry}
    for index, leaf in held.items():
        hashes[index] = merkle.leaf_hash(canonical.encode(leaf))

    def node(level: int, index: int) -> bytes:
        return merkle.root_of(hashes[index << level : (index + 1) << level])

    attacker = note.Ed25519Signer(old.origin, Ed25519PrivateKey.generate())
    head = checkpoint.Checkpoint(old.origin, old.size, merkle.root_of(hashes))
    signed = checkpoint.sign_checkpoint(head, [attacker], 0)
    copy.entries[read.CHECKPOINT] = signed
    for index in held:
        path = tuple(merkle.inclusion_path(index, old.size, node))
        copy.entries[read.proof_name(index)] = Proof(index, path, signed).encode()
    return copy.pack()


def swap_manifest(package: bytes) -> bytes:
    """A page of the application is another one in the manifest, under the old name."""
    copy = Copy(package)
    digest = statement_of(copy.leaves[copy.find("seal")])["body"]["manifest"]
    name = f"manifests/{digest}.json"
    manifest = json.loads(copy.entries[name])
    page = next(line["pages"][0] for line in manifest["lines"] if line["pages"])
    rendition = next(iter(page["renditions"].values()))
    rendition["commitment"] = hashlib.sha256(rendition["commitment"].encode()).hexdigest()
    copy.entries[name] = canonical.encode(manifest)
    return copy.pack()


def stretch_limit(package: bytes) -> bytes:
    """The item's promised limit is as long as the statutory one: a missed due date looks kept."""
    copy = Copy(package)
    task_code = statement_of(copy.leaves[copy.find("seal")])["body"]["task_code"]
    for name in [name for name in copy.entries if name.startswith("catalogue/")]:
        catalogue = json.loads(copy.entries[name])
        for item in catalogue["items"]:
            if item["task_code"] == task_code:
                item["promised_limit"] = item["statutory_limit"]
        copy.entries[name] = canonical.encode(catalogue)
    return copy.pack()


def forge_extract(package: bytes) -> bytes:
    """The tail is cut off and the extract agrees, signed by the attacker."""
    copy = Copy(package)
    for index in sorted(copy.leaves)[-2:]:
        copy.drop(index)
    payload = json.loads(base64.b64decode(json.loads(copy.entries[read.EXTRACT])["payload"]))
    payload |= {"indexes": sorted(copy.leaves), "leaf_count": len(copy.leaves)}
    copy.entries[read.EXTRACT] = sign(canonical.encode(payload), [new_signer()], EXTRACT_TYPE).encode()
    return copy.pack()


ATTACKS = (
    Attack("decision_flipped", "把决定结果改成相反的", "SIGNATURE_INVALID", flip_decision),
    Attack("statement_removed", "从中间抽走签收声明", "CASE_LEAF_MISSING", remove_from_middle),
    Attack("tail_cut_off", "截掉最后两条记录", "EXTRACT_TRUNCATED", cut_tail),
    Attack("statements_swapped", "把受理和决定对调", "CHAIN_BROKEN", swap_statements),
    Attack("person_stripped", "去掉决定人的签名", "PERSON_SIGNATURE_MISSING", strip_person),
    Attack("node_stripped", "去掉受理机构的签名", "NODE_SIGNATURE_MISSING", strip_node),
    Attack("foreign_statement", "塞进另一个办件的决定", "FOREIGN_STATEMENT", slip_in_foreign),
    Attack("time_moved", "把法定时间提前一小时", "LEAF_NOT_INCLUDED", move_time),
    Attack(
        "department_key_replaced",
        "把部门密钥换成自己的并全部重签",
        "REGISTRAR_SIGNATURE_MISSING",
        replace_department_key,
    ),
    Attack("registry_withheld", "扣下一条登记（撤销）记录", "REGISTRY_GAP", withhold_registry),
    Attack("own_log_key", "重建整棵树并用自己的日志密钥签检查点", "CHECKPOINT_SIGNATURE", own_log_key),
    Attack("manifest_swapped", "偷换材料清单", "MANIFEST_MISMATCH", swap_manifest),
    Attack("limit_stretched", "改长目录里的办理时限", "CATALOGUE_DIGEST", stretch_limit),
    Attack("extract_forged", "截掉尾部并自己签一份清单", "EXTRACT_SIGNATURE", forge_extract),
)
