"""What the written documents are called, in the one place that says so."""

RUNBOOK = "pilot_runbook.txt"
FOUNDER_DOCUMENTS = ("founder_instructions.txt", "what_to_expect.txt", "approval_criteria.txt")

REVIEW_PACK_FOLDER = "review_pack"
MARKETING_SUMMARY = "marketing_summary.txt"
DIRECTOR_NOTES = "director_notes.txt"
WHAT_CHANGED = "what_changed_since_last_version.txt"
PUBLISH_CHECKLIST = "recommended_publish_checklist.txt"
REVIEW_PACK_TEXTS = (MARKETING_SUMMARY, DIRECTOR_NOTES, WHAT_CHANGED, PUBLISH_CHECKLIST)
