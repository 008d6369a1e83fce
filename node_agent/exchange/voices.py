"""Rows of complaints and enquiries (GB/T 39046-2020 table 10; T38): words of codes, times, none of what was written."""

from datetime import date

from crypto import identity
from hub.casework import reasons
from hub.casework.casefile import CaseFile
from hub.casework.supervision.values import Complaint, Enquiry
from node_agent.exchange.tables import moment


def of(file: CaseFile) -> tuple[Complaint | Enquiry, ...]:
    """All of a case: complaints, then enquiries."""
    return (*file.complaints, *file.enquiries)


def told(made: Complaint | Enquiry, event: str, at: str) -> tuple[str, dict[str, str]]:
    """Table and values of one of them, as the act ``event`` left it at ``at``."""
    if isinstance(made, Complaint):
        return "complaint", _complaint(made) | _handled(made, event == "answer_complaint", at)
    return "enquiry", _enquiry(made) | _handled(made, event == "answer_enquiry", at)


def _complaint(complaint: Complaint) -> dict[str, str]:
    kind = reasons.COMPLAINT_KINDS.get(complaint.kind, complaint.kind)
    return {
        "title": f"投诉：{kind}",
        "complained_org": identity.node_name(complaint.about_node),
        "complained_user": complaint.about_person.rpartition("/")[2],
        "content": kind,
        "source": reasons.COMPLAINT_CHANNELS.get(complaint.channel, complaint.channel),
        "complain_date": moment(complaint.at),
        "handle_org": identity.node_name(complaint.handler),
        "handle_user": complaint.answered_by.rpartition("/")[2],
        "feedback": reasons.COMPLAINT_FINDINGS.get(complaint.finding, complaint.finding),
        "extend_reason": reasons.COMPLAINT_EXTENSIONS.get(complaint.extension, complaint.extension),
    }


def _enquiry(enquiry: Enquiry) -> dict[str, str]:
    topic = reasons.ENQUIRY_TOPICS.get(enquiry.topic, enquiry.topic)
    return {
        "title": f"咨询：{topic}",
        "consulted_org": identity.node_name(enquiry.node),
        "content": topic,
        "source": reasons.ENQUIRY_CHANNELS.get(enquiry.channel, enquiry.channel),
        "enquiry_date": moment(enquiry.at),
        "handle_org": identity.node_name(enquiry.holder),
        "handle_user": (enquiry.answered_by or enquiry.person).rpartition("/")[2],
        "feedback": reasons.ENQUIRY_ANSWERS.get(enquiry.answer, enquiry.answer),
        "extend_reason": reasons.ENQUIRY_EXTENSIONS.get(enquiry.extension, enquiry.extension),
    }


def _handled(made: Complaint | Enquiry, answered: bool, at: str) -> dict[str, str]:
    """What both have: reference, promised time, and of an answer its time and the days by which it came late."""
    late = (date.fromisoformat(at[:10]) - date.fromisoformat(made.due[:10])).days
    return {
        "ticket_no": made.ticket,
        "promise_date": moment(made.due),
        "handle_date": moment(at) if answered else "",
        "overdue_days": str(max(late, 0)) if answered else "",
    }
