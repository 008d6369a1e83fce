"""Which test proves which item of the list of bad input that every release must withstand.

=============================================  ==============================================================
bad input                                      proven by (rooms: e2e = the running stack, over mutual TLS;
                                               integration = real servers; unit = the part alone)
=============================================  ==============================================================
item unknown, expired, not listed              e2e bad_statements; integration sequencer; unit window, catalogue
wrong check digit                              e2e bad_statements; integration sequencer; unit numbers, window
page: no image, truncated, empty, 100 MB,
30,000 × 30,000 pixels, named ``../../x``      e2e bad_pages; unit page_check
sealed to a revoked key                        e2e bad_statements; integration sequencer; unit sender
statement: wrong signature, wrong previous
digest, replayed, for another's case, without
the person, without the role, from the future  e2e bad_statements; integration sequencer; unit law_table, law_guards
ciphertext changed, missing, overwritten       e2e bad_objects; integration objects; unit receiver
certificate foreign, expired, revoked          integration hub_rpc; e2e bad_statements
two departments at once                        e2e bad_statements; integration sequencer; unit law_path
last chunk does not decrypt                    e2e bad_objects; unit receiver, crypto_sealing
=============================================  ==============================================================

``PROOFS`` is the same in full. The tests below hold it true: each named test exists, with the parameter that is named.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
STATEMENTS = "e2e/test_bad_statements.py"
REFUSED = f"{STATEMENTS}::test_what_must_not_count_is_refused_and_leaves_no_trace"
PAGES = "e2e/test_bad_pages.py::test_a_bad_page_is_named_and_nothing_of_its_batch_is_kept"
OBJECTS = (
    "e2e/test_bad_objects.py::test_what_happens_to_ciphertext_after_the_receipt_is_found_sent_back_and_stored_again"
)
SEQUENCER = "integration/test_sequencer.py"
SEAL = f"{SEQUENCER}::test_a_bad_seal_is_refused_and_opens_nothing"
PENDING = f"{SEQUENCER}::test_an_act_on_a_pending_case_is_refused_and_leaves_no_trace"
RPC = "integration/test_hub_rpc.py"
CHECK = "unit/imaging/test_page_check.py"
RECEIVER = "unit/agents/test_receiver.py"

PROOFS: dict[str, tuple[str, ...]] = {
    "unknown item": (
        f"{REFUSED}[unknown item]",
        f"{SEAL}[unknown item]",
        "unit/law/test_casework_catalogue.py::test_outside_the_list_there_is_nothing",
    ),
    "expired item": (f"{REFUSED}[expired item]", f"{SEAL}[expired item]", f"{SEAL}[suspended item]"),
    "unlisted item": (
        f"{REFUSED}[item not listed for this window]",
        f"{SEAL}[item not for this window]",
        "unit/agents/test_window.py::test_only_listed_live_items_of_this_window_are_begun",
        "unit/agents/test_window.py::test_lines_close_only_in_the_ways_of_the_list",
    ),
    "wrong check digit": (
        f"{REFUSED}[wrong check digit]",
        f"{SEAL}[wrong check digit]",
        "unit/agents/test_window.py::test_wrong_numbers_anywhere_in_the_form_are_refused_without_repeating_them",
        "unit/law/test_casework_numbers.py::test_one_wrong_digit_of_a_public_number_is_found",
        "unit/law/test_casework_numbers.py::test_one_wrong_digit_of_a_citizen_number_is_found",
    ),
    "page: no image": (f"{PAGES}[no image]", f"{CHECK}::test_other_formats", f"{CHECK}::test_suffix_is_not_believed"),
    "page: truncated": (f"{PAGES}[truncated]", f"{CHECK}::test_truncated_anywhere"),
    "page: empty": (f"{PAGES}[empty]", f"{CHECK}::test_empty"),
    "page: 100 MB": (f"{PAGES}[100 MB]", f"{CHECK}::test_file_size_is_known_before_reading"),
    "page: 30,000 x 30,000 pixels": (
        f"{PAGES}[30,000 x 30,000 pixels]",
        f"{CHECK}::test_too_many_pixels_are_refused_by_the_header",
    ),
    "page: named ../../x": (
        "e2e/test_bad_pages.py::test_a_list_of_pages_that_leaves_its_folder_is_refused[../../x]",
        f"{CHECK}::test_names_that_leave_the_folder[../../x]",
    ),
    "sealed to a revoked key": (
        f"{STATEMENTS}::test_keys_sealed_to_a_revoked_node_are_refused_and_its_own_next_call_too",
        f"{SEQUENCER}::test_a_wrap_to_a_revoked_or_stale_key_is_refused_and_the_case_waits",
        "unit/agents/test_sender.py::test_a_revoked_recipient_refuses_only_the_wrap_and_is_served_when_it_has_a_key",
    ),
    "statement: wrong signature": (
        f"{REFUSED}[wrong signature]",
        f"{SEQUENCER}::test_a_changed_signature_or_payload_is_refused",
    ),
    "statement: wrong previous digest": (f"{REFUSED}[wrong previous digest]", f"{PENDING}[wrong prev]"),
    "statement: replayed, same receipt": (
        f"{STATEMENTS}::test_a_replayed_statement_gets_the_very_same_receipt",
        f"{SEQUENCER}::test_the_same_payload_gets_the_same_receipt_and_no_new_leaf",
        "integration/test_hub_statements.py::test_a_repeated_statement_gets_the_same_receipt",
    ),
    "statement: for another's case": (
        f"{REFUSED}[case of another department]",
        f"{REFUSED}[in the name of another department]",
        f"{PENDING}[another department]",
        "unit/law/test_law_table.py::test_only_the_nodes_of_the_case_act",
    ),
    "statement: without the person's signature": (
        f"{REFUSED}[person named, did not sign]",
        f"{REFUSED}[no person named]",
        f"{PENDING}[person missing]",
        "unit/law/test_law_table.py::test_legal_act_needs_a_person",
    ),
    "statement: from a node without the role": (
        f"{REFUSED}[department seals]",
        f"{REFUSED}[window accepts]",
        f"{RPC}::test_the_wrong_role_is_refused",
        "unit/law/test_law_table.py::test_machine_act_needs_a_node_of_the_right_kind",
    ),
    "statement: from the future": (
        f"{REFUSED}[from the future]",
        f"{SEQUENCER}::test_the_future_is_refused_five_minutes_are_not",
        "unit/law/test_law_guards.py::test_future_tolerance_is_five_minutes_and_the_past_is_free",
    ),
    "ciphertext changed in the store": (
        OBJECTS,
        "integration/test_objects.py::test_a_version_that_is_another_one_is_changed",
        f"{RECEIVER}::test_an_object_of_another_size_is_not_countersigned",
    ),
    "ciphertext missing in the store": (
        OBJECTS,
        "integration/test_objects.py::test_a_version_that_was_deleted_is_missing",
        f"{RECEIVER}::test_a_missing_object",
    ),
    "ciphertext overwritten by a valid presigned URL after the receipt": (
        OBJECTS,
        "integration/test_objects.py::test_overwriting_by_a_still_valid_url_changes_nothing_that_is_read",
        "integration/test_seaweed.py::test_overwriting_by_a_valid_presigned_url_leaves_the_pinned_version",
    ),
    "certificate of another authority": (
        f"{RPC}::test_another_authority_is_refused_in_the_handshake",
        f"{RPC}::test_no_certificate_is_refused_in_the_handshake",
    ),
    "certificate expired": (
        f"{RPC}::test_an_expired_certificate_is_refused",
        f"{RPC}::test_a_certificate_that_ends_under_an_open_connection",
    ),
    "certificate revoked": (
        f"{RPC}::test_a_revoked_node_is_out_at_the_next_call_and_its_stream_ends",
        f"{RPC}::test_a_revocation_reaches_other_hub_processes",
        f"{STATEMENTS}::test_keys_sealed_to_a_revoked_node_are_refused_and_its_own_next_call_too",
    ),
    "two departments answering at once": (
        f"{STATEMENTS}::test_two_answers_at_once_one_counts",
        "integration/test_sequencer_races.py::test_two_hubs_at_once_exactly_one_answer_wins_each_case",
        "unit/law/test_law_path.py::test_two_answers_at_once_the_second_is_told_that_the_head_moved",
    ),
    "decryption that fails at the last chunk shows nothing": (
        "e2e/test_bad_objects.py::test_a_pulled_file_that_was_damaged_shows_not_one_page",
        "unit/agents/test_opening.py::test_decryption_that_fails_at_the_last_chunk_shows_nothing",
        "unit/crypto/test_crypto_sealing.py::test_a_damaged_byte_shows_nothing_of_the_page",
    ),
}


@cache
def known(file: str) -> tuple[frozenset[str], str]:
    """Names of a file's test functions, and all its constants in one text."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    constants = [str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return frozenset(functions), "\n".join(constants)


@pytest.mark.parametrize("node_id", sorted({proof for proofs in PROOFS.values() for proof in proofs}))
def test_the_named_test_exists(node_id: str) -> None:
    file, _, name = node_id.partition("::")
    function, _, parameter = name.partition("[")
    functions, constants = known(file)
    assert function.startswith("test_") and function in functions
    assert not parameter or parameter.removesuffix("]") in constants.splitlines()


def test_the_index_notices_what_is_gone() -> None:
    functions, constants = known(STATEMENTS)
    assert "test_that_nobody_wrote" not in functions
    assert "parameter that nobody wrote" not in constants.splitlines()
    assert all(len(proofs) >= 2 for proofs in PROOFS.values())
