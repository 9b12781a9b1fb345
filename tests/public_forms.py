"""The public forms as somebody fills them in."""

import time
from typing import Any

from cluster_portal.shared.forms import new_ticket


def ticket(kind: str, seconds_ago: float = 60) -> str:
    """Return the ticket of a form that was opened `seconds_ago`."""
    return new_ticket(f"ticket.{kind}", at=time.time() - seconds_ago)


def message(**typed: Any) -> dict[str, Any]:
    """Return what a sensible person sends through the contact form."""
    return {
        "subject": "שאלה על אוטובוסים",
        "message": "מתי יהיה קו ישיר בין רהט לנתיבות?",
        "contact_name": "דנה לוי",
        "contact_email": "dana@example.org",
        "contact_phone": "08-999-1234",
        "trap": "",
        "ticket": ticket("message"),
    } | typed


def proposal(**typed: Any) -> dict[str, Any]:
    """Return what a sensible person sends through the form to propose an initiative."""
    return {
        "title": "מסלול אופניים אזורי",
        "description": "מסלול שמחבר את היישובים.\n\nשנייה: מפה משותפת.",
        "organisation": "עמותת הגלגל",
        "contact_name": "סמיר אבו רביעה",
        "contact_email": "samir@example.org",
        "contact_phone": "",
        "trap": "",
        "ticket": ticket("proposal"),
    } | typed
