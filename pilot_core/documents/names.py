"""File names of documents and of the files in a review pack."""

import re

RUNBOOK = "pilot_runbook.txt"
FOUNDER_INSTRUCTIONS = "founder_instructions.txt"
WHAT_TO_EXPECT = "what_to_expect.txt"
APPROVAL_CRITERIA = "approval_criteria.txt"
FOUNDER_DOCUMENTS = (FOUNDER_INSTRUCTIONS, WHAT_TO_EXPECT, APPROVAL_CRITERIA)

STORYBOARD, DRAFT_STORYBOARD = "storyboard.json", ".storyboard.json"
"""The plan of an attempt's video, and the suffix of the plan of each of its drafts."""
REVIEW_PACK_FOLDER = "review_pack"
MARKETING_SUMMARY = "marketing_summary.txt"
DIRECTOR_NOTES = "director_notes.txt"
WHAT_CHANGED = "what_changed_since_last_version.txt"
PUBLISH_CHECKLIST = "recommended_publish_checklist.txt"
REVIEW_PACK_TEXTS = (MARKETING_SUMMARY, DIRECTOR_NOTES, WHAT_CHANGED, PUBLISH_CHECKLIST)
OUTCOME_REPORT = "outcome_report.md"
FINAL_VIDEO = "final_video.mp4"
CAPTIONS = "captions.vtt"
CONTACT_SHEET = "contact_sheet.jpg"
POSTER = "poster.jpg"
QUALITY_REPORT = "quality_report.json"
SPRITE = "sprite.jpg"
SPRITE_TIMES = "sprite.json"
SHOT_STILL = re.compile(r"shot_([1-9][0-9]{0,2})\.jpg")
"""The name of a shot's picture, with the shot's number from 1."""


def shot_still(place: int) -> str:
    """Return the name of the picture of the shot at that place, counted from 0."""
    return f"shot_{place + 1}.jpg"
