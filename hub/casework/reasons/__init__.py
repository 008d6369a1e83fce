"""The closed lists of the law: what a body may give as reason, defect, answer, method or cause, with the Chinese words.

Invariants:
- a code of these lists is all that reaches the log; the words for people stand here and nowhere else, so that screen,
  notice and department say the same (promise 1, 行政许可法 30);
- a list stands in the file of its subject and is named here: callers take it from here alone;
- a code is never given another meaning: a new meaning is a new code.
"""

from hub.casework.reasons.acceptance import ADMISSION_BASES as ADMISSION_BASES
from hub.casework.reasons.acceptance import DEFECTS as DEFECTS
from hub.casework.reasons.acceptance import REFUSAL_REASONS as REFUSAL_REASONS
from hub.casework.reasons.acceptance import SECOND_NOTICE_BASES as SECOND_NOTICE_BASES
from hub.casework.reasons.acceptance import SUPPLEMENT_METHODS as SUPPLEMENT_METHODS
from hub.casework.reasons.cards import CARD_GROUNDS as CARD_GROUNDS
from hub.casework.reasons.cards import CARD_MEASURES as CARD_MEASURES
from hub.casework.reasons.cards import CARD_RESULTS as CARD_RESULTS
from hub.casework.reasons.cards import CARDS as CARDS
from hub.casework.reasons.cards import EXPORT_KINDS as EXPORT_KINDS
from hub.casework.reasons.cards import EXPORT_PROFILES as EXPORT_PROFILES
from hub.casework.reasons.cards import IMAGE_DEFECTS as IMAGE_DEFECTS
from hub.casework.reasons.entry import APPOINTMENT_CHANNELS as APPOINTMENT_CHANNELS
from hub.casework.reasons.entry import DISCARD_REASONS as DISCARD_REASONS
from hub.casework.reasons.entry import LANES as LANES
from hub.casework.reasons.entry import LATE_CAUSES as LATE_CAUSES
from hub.casework.reasons.entry import NOTICE_CHANNELS as NOTICE_CHANNELS
from hub.casework.reasons.entry import PRE_REVIEW_ANSWERS as PRE_REVIEW_ANSWERS
from hub.casework.reasons.hand_off import BOUNCE_FINDINGS as BOUNCE_FINDINGS
from hub.casework.reasons.hand_off import BOUNCE_REASONS as BOUNCE_REASONS
from hub.casework.reasons.hand_off import CONSTRUCTIVE_CAUSES as CONSTRUCTIVE_CAUSES
from hub.casework.reasons.hand_off import MISROUTE_REASONS as MISROUTE_REASONS
from hub.casework.reasons.hand_off import REOPEN_REASONS as REOPEN_REASONS
from hub.casework.reasons.hand_off import RETURN_REASONS as RETURN_REASONS
from hub.casework.reasons.hand_off import ROUTE_FAILURES as ROUTE_FAILURES
from hub.casework.reasons.imaging import PAGE_REASONS as PAGE_REASONS
from hub.casework.reasons.imaging import UNMASK_REASONS as UNMASK_REASONS
from hub.casework.reasons.imaging import WITHHELD_REASONS as WITHHELD_REASONS
from hub.casework.reasons.materials import COMMITMENT_RESULTS as COMMITMENT_RESULTS
from hub.casework.reasons.materials import REVOCATION_GROUNDS as REVOCATION_GROUNDS
from hub.casework.reasons.materials import SECOND_INTAKES as SECOND_INTAKES
from hub.casework.reasons.paper import ADDRESS_ANSWERS as ADDRESS_ANSWERS
from hub.casework.reasons.paper import CALL_CAUSES as CALL_CAUSES
from hub.casework.reasons.paper import CHECK_IN_FINDINGS as CHECK_IN_FINDINGS
from hub.casework.reasons.paper import DISCREPANCY_ANSWERS as DISCREPANCY_ANSWERS
from hub.casework.reasons.paper import ITEM_STATES as ITEM_STATES
from hub.casework.reasons.paper import LOSS_CAUSES as LOSS_CAUSES
from hub.casework.reasons.paper import PAPER_ENDS as PAPER_ENDS
from hub.casework.reasons.paper import RECALL_REASONS as RECALL_REASONS
from hub.casework.reasons.parents import FEE_STATES as FEE_STATES
from hub.casework.reasons.parents import PART_ANSWERS as PART_ANSWERS
from hub.casework.reasons.parents import PART_MODES as PART_MODES
from hub.casework.reasons.powers import GRANT_ENDS as GRANT_ENDS
from hub.casework.reasons.powers import GRANT_KINDS as GRANT_KINDS
from hub.casework.reasons.powers import GRANT_STATES as GRANT_STATES
from hub.casework.reasons.review import CONSULT_MATTERS as CONSULT_MATTERS
from hub.casework.reasons.review import CORRECTION_REASONS as CORRECTION_REASONS
from hub.casework.reasons.review import EXTENSION_REASONS as EXTENSION_REASONS
from hub.casework.reasons.review import OPINIONS as OPINIONS
from hub.casework.reasons.review import REVIEW_ORDERS as REVIEW_ORDERS
from hub.casework.reasons.review import SPECIAL_KINDS as SPECIAL_KINDS
from hub.casework.reasons.review import SPECIAL_RESULTS as SPECIAL_RESULTS
from hub.casework.reasons.review import STEP_NAMES as STEP_NAMES
from hub.casework.reasons.review import STEP_RETURN_REASONS as STEP_RETURN_REASONS
from hub.casework.reasons.review import TAKING_BASES as TAKING_BASES
from hub.casework.reasons.review import VOID_REASONS as VOID_REASONS
from hub.casework.reasons.sharing import DATA_FLOWS as DATA_FLOWS
from hub.casework.reasons.sharing import DATA_KINDS as DATA_KINDS
from hub.casework.reasons.sharing import DATA_PURPOSES as DATA_PURPOSES
from hub.casework.reasons.sharing import DATA_RESULTS as DATA_RESULTS
from hub.casework.reasons.sharing import SHARING_GROUNDS as SHARING_GROUNDS
from hub.casework.reasons.sharing import SHARING_OUTCOMES as SHARING_OUTCOMES
from hub.casework.reasons.sharing import SHARING_REASONS as SHARING_REASONS
from hub.casework.reasons.voices import COMPLAINT_CHANNELS as COMPLAINT_CHANNELS
from hub.casework.reasons.voices import COMPLAINT_EXTENSIONS as COMPLAINT_EXTENSIONS
from hub.casework.reasons.voices import COMPLAINT_FINDINGS as COMPLAINT_FINDINGS
from hub.casework.reasons.voices import COMPLAINT_KINDS as COMPLAINT_KINDS
from hub.casework.reasons.voices import ENQUIRY_ANSWERS as ENQUIRY_ANSWERS
from hub.casework.reasons.voices import ENQUIRY_CHANNELS as ENQUIRY_CHANNELS
from hub.casework.reasons.voices import ENQUIRY_EXTENSIONS as ENQUIRY_EXTENSIONS
from hub.casework.reasons.voices import ENQUIRY_TOPICS as ENQUIRY_TOPICS
from hub.casework.reasons.voices import INTERNAL_TARGETS as INTERNAL_TARGETS
from hub.casework.reasons.voices import RATING_BASES as RATING_BASES
from hub.casework.reasons.voices import RATING_FINDINGS as RATING_FINDINGS
from hub.casework.reasons.voices import RATING_LEVELS as RATING_LEVELS
from hub.casework.reasons.voices import RATING_MEASURES as RATING_MEASURES
from hub.casework.reasons.voices import RATING_TARGETS as RATING_TARGETS
from hub.casework.reasons.words import Words as Words
